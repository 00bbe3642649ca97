// swift-tools-version: 6.3
import PackageDescription

let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "ktask",
  products: [
    .library(name: "KTask", targets: ["KTask"]),
    .executable(name: "ktaskctl", targets: ["ktaskctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "CNuma", pkgConfig: "numa", providers: [.apt(["libnuma-dev"]), .yum(["numactl-devel"])]),
    .target(name: "CLinux"),
    .target(name: "LinuxSystem", dependencies: ["CLinux"], swiftSettings: house),
    .target(name: "KTask", dependencies: ["LinuxSystem"], exclude: ["README.md"], swiftSettings: house),
    .target(
      name: "MemoryWork", dependencies: ["KTask", "LinuxSystem"], exclude: ["README.md"], swiftSettings: house),
    // the same two for C: `make library` makes one small shared object of them
    .target(name: "CKTask"),
    .target(
      name: "LibKTask", dependencies: ["KTask", "LinuxSystem", "CKTask"], exclude: ["Embedded", "library.sh"],
      swiftSettings: house),
    // what a program has one of, and what needs libnuma: for the program alone
    .target(name: "CProgram"),
    .target(name: "NumactlWords", dependencies: ["LinuxSystem", "CNuma", "CProgram"], swiftSettings: house),
    .executableTarget(
      name: "ktaskctl",
      dependencies: [
        "MemoryWork", "KTask", "LinuxSystem", "NumactlWords", "CProgram",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: house),
    // what the tests of several targets use
    .target(name: "TestSupport", dependencies: ["LinuxSystem"], path: "Tests/Support", swiftSettings: house),
    .testTarget(name: "LinuxSystemTests", dependencies: ["LinuxSystem", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "NumactlWordsTests", dependencies: ["NumactlWords", "LinuxSystem", "TestSupport"], swiftSettings: house),
    // `make bench`; no product, so that building the program does not build it
    .executableTarget(
      name: "ktask-bench", dependencies: ["KTask", "LinuxSystem", "TestSupport", "CKTask"], path: "Tests/Benchmarks",
      swiftSettings: house),
    // the tests inside a guest machine, `make test-guest`; no product, for the same reason
    .target(name: "CGuest", path: "Tests/Guest/Calls"),
    .executableTarget(
      name: "ktask-guest", dependencies: ["CGuest", "CNuma"], path: "Tests/Guest/Runner", swiftSettings: house),
    // maps memory for devices as virtual machine monitors do, in those machines; no product, for the same reason
    .executableTarget(name: "ktask-map-dma", path: "Tests/Guest/Mapper"),
    // runs the program with a system call that fails, for ktaskctlTests; no product, for the same reason
    .executableTarget(name: "ktask-inject", path: "Tests/Injector"),
    // what other users do beside the program, for ktaskctlTests; no product, for the same reason
    .executableTarget(name: "ktask-attack", path: "Tests/Attacker"),
    // makes large memory calls as other programs do, for the tests of `run`; no product, for the same reason
    .executableTarget(name: "ktask-call", path: "Tests/Caller"),
    // counts allocations and reference counting for KTaskTests
    .target(name: "CCounting", path: "Tests/Counting"),
    .testTarget(
      name: "KTaskTests", dependencies: ["KTask", "LinuxSystem", "CCounting", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "LibKTaskTests", dependencies: ["TestSupport"], exclude: ["Clients"], swiftSettings: house),
    .testTarget(
      name: "MemoryWorkTests", dependencies: ["MemoryWork", "KTask", "LinuxSystem", "TestSupport"], swiftSettings: house
    ),
    .testTarget(
      name: "ktaskctlTests",
      dependencies: [
        "ktaskctl", "MemoryWork", "KTask", "LinuxSystem", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Faults/sample.txt"], swiftSettings: house),
  ]
)
