# shellcheck shell=bash
# What the guests are made of, from Debian's packages: fetched, unpacked beside each other, never installed. Sourced.
#
# Everything is kept in $cache under its version, and for the kernel that is built under its configuration's checksum
# too, so that a second run fetches and builds nothing. A directory there is complete: it gets its name last.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ktaskctl-guest

say() { printf 'guest: %s\n' "$*"; }
die() { printf 'guest: %s\n' "$*" >&2; exit 1; }

# as_root COMMAND…: through sudo, which must not ask, where that is needed.
as_root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }

# install_packages PACKAGE…: with apt-get, fetching the package lists where they are missing or too old.
install_packages() {
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  local install=("${apt[@]}" install -y --no-install-recommends "$@")
  say "installing $*"
  "${install[@]}" >/dev/null || { "${apt[@]}" update && "${install[@]}" >/dev/null; } \
    || die "that did not work; as root, run: apt-get install $*"
}

# need_tools TOOL:PACKAGE…: installs the packages of those tools that are missing.
need_tools() {
  local tool missing=() PATH=$PATH:/usr/sbin:/sbin
  for tool; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool#*:}")
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# need_files FILE:PACKAGE…: the same for files, such as headers.
need_files() {
  local file missing=()
  for file; do [[ -e ${file%%:*} ]] || missing+=("${file#*:}"); done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# The package lists: the machine's own, and those of Debian's backports for the same release from the same mirror,
# which are kept apart in the cache so that nothing else on the machine sees them.
# shellcheck disable=SC2034 # by name
main=()
backports=(
  -o "Dir::Etc::SourceList=$cache/backports/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o APT::Sandbox::User=root -o "Dir::State::Lists=$cache/backports/lists" -o "Dir::Cache=$cache/backports/cache"
)

# update_backports: fetches their lists, once a day; false where they cannot be had.
update_backports() {
  local codename mirror lists=$cache/backports/lists
  [[ -z $(find "$lists" -name '*_Packages*' -mtime -1 2>/dev/null) ]] || return 0
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME") || return 1
  # shellcheck disable=SC2016 # apt-get's own variables
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' \
    | awk -v release="$codename" '$2 == release && $3 == "main" && !found { print $1; found = 1 }')
  [[ -n $mirror ]] || return 1
  mkdir -p "$lists" "$cache/backports/cache"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $codename-backports main" \
    >"$cache/backports/sources.list"
  apt-get -qq "${backports[@]}" update
}

# version_here PACKAGE: the version that the machine's own lists have; nothing where they have none.
version_here() { apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

# version_in_backports PACKAGE: the same for Debian's backports.
version_in_backports() {
  update_backports || return 0
  apt-cache "${backports[@]}" madison "$1" 2>/dev/null | awk '!version { version = $3 } END { print version }'
}

# fetch LISTS PACKAGE VERSION DIRECTORY: downloads the package and unpacks it there.
fetch() {
  local -n options=$1
  local package=$2 version=$3 into=$4 debs
  debs=$(mktemp -d "$cache/download.XXXXXX")
  say "fetching $package $version"
  (cd "$debs" && apt-get -qq "${options[@]}" -o APT::Sandbox::User=root download "$package=$version" >/dev/null) \
    || die "$package $version cannot be fetched"
  dpkg -x "$debs"/*.deb "$into"
  rm -rf "$debs"
}

# begin NAME: a directory to fill, called NAME once it is complete. end NAME: now it is.
begin() { mkdir -p "$cache" && rm -rf "${cache:?}/$1.part" && mkdir "$cache/$1.part"; }
end() { rm -rf "${cache:?}/$1" && mv "$cache/$1.part" "$cache/$1"; }
