# shellcheck shell=bash
# The guest machines: each function sets $qemu, $kernel and $hardware. Sourced, after kernels.sh.
# shellcheck disable=SC2034,SC2154 # what others use and set

machines=(two_nodes four_nodes iommufd no_remapping iommufd_no_remapping)

# numa NODE MEMORY [CPUS [INITIATOR]]: a node; without CPUS it has none. INITIATOR: the node whose CPUs are nearest to its
# memory, where firmware tells of that.
numa() {
  hardware+=(
    -object "memory-backend-ram,id=memory$1,size=$2"
    -numa "node,nodeid=$1,memdev=memory$1${3:+,cpus=$3}${4:+,initiator=$4}"
  )
}

# distance NODE NODE DISTANCE
distance() { hardware+=(-numa "dist,src=$1,dst=$2,val=$3"); }

# fast NODE NODE NANOSECONDS BYTES: how fast the second one's memory is for the first one's CPUs, as firmware says (HMAT).
fast() {
  local way=initiator=$1,target=$2,hierarchy=memory
  hardware+=(
    -numa "hmat-lb,$way,data-type=access-latency,latency=$3"
    -numa "hmat-lb,$way,data-type=access-bandwidth,bandwidth=$4"
  )
}

# Two devices that do DMA, behind an IOMMU: without interrupt remapping VFIO refuses them.
edu=(
  -device "intel-iommu,intremap=on"
  -device "edu,addr=5,dma_mask=0xffffffffff" -device "edu,addr=6,dma_mask=0xffffffffff"
)

# A device with two functions, which the IOMMU cannot tell apart; the second one gets a driver of the kernel's.
pair=(
  -device "pci-testdev,addr=7.0,multifunction=on"
  -device "virtio-rng-pci,addr=7.1,iommu_platform=on,disable-legacy=on"
)

# Two nodes alike, two CPUs and 4 GiB each; with a word their firmware says which are nearest to their memory.
two_equal_nodes() {
  hardware=(-smp "4,sockets=2" -m 8G "${edu[@]}")
  numa 0 4G 0-1 ${1:+0}
  numa 1 4G 2-3 ${1:+1}
  distance 0 1 21
  append="hugepagesz=1G hugepages=0:1,1:1"
}

# A PCI bus of node 1's, and a device on it.
far=(
  -device "pxb-pcie,id=far,bus=pcie.0,bus_nr=128,numa_node=1" -device "pcie-root-port,id=beyond,bus=far"
  -device "pci-testdev,bus=beyond"
)

two_nodes() {
  old_kernels_qemu
  debian_kernel
  two_equal_nodes hmat
  hardware+=(-machine "hmat=on" "${far[@]}")
  fast 0 0 50 10G
  fast 1 1 60 8G
  fast 0 1 120 4G
  fast 1 0 120 4G
}

iommufd() {
  new_kernels_qemu
  own_kernel "$here/iommufd.config"
  two_equal_nodes
  hardware+=("${pair[@]}")
}

# Two nodes alike, a small one, and one without CPUs, which is nearest to the small one.
four_nodes() {
  old_kernels_qemu
  debian_kernel
  hardware=(-smp "6,sockets=3" -m 7168M "${edu[@]}")
  numa 0 3G 0-1
  numa 1 2G 2-3
  numa 2 512M 4-5
  numa 3 1536M
  distance 0 1 21
  distance 0 2 31
  distance 0 3 31
  distance 1 2 31
  distance 1 3 31
  distance 2 3 12
  append=
}

# A small machine whose IOMMU does not remap interrupts.
small_machine() {
  hardware=(-smp 2 -m 1G -device "intel-iommu,intremap=off" -device "edu,addr=5,dma_mask=0xffffffffff")
  append=
}

no_remapping() {
  old_kernels_qemu
  debian_kernel
  small_machine
}

iommufd_no_remapping() {
  new_kernels_qemu
  own_kernel "$here/iommufd.config"
  small_machine
}
