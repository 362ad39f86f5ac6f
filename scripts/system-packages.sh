# Sourced by the commands beside it: what the build needs of the system.
#
#   need_system_packages [--yes]   names the packages that are missing and installs them with apt;
#                                  asks first on a terminal, unless --yes or CI is given.

build_packages=(
  pkg-config liblua5.4-dev libsqlite3-dev libpq-dev zlib1g-dev libvips-dev
  libopencv-core-dev libopencv-imgproc-dev libopencv-photo-dev ffmpeg
  fonts-dejavu-core # a font for the texts that the server draws
)
# What the tests run beside our programs: the reference interpreter, C modules for it, a client, pgrep,
# a database server, and a Python for the S3-compatible servers.
test_packages=(lua5.4 lua-cjson lua-lpeg lua-filesystem curl procps postgresql python3-venv)
homebrew_packages=(pkgconf lua@5.4 sqlite libpq vips opencv ffmpeg)

say() { printf '%s\n' "$*" >&2; }

need_system_packages() {
  local answer_yes=no
  if [[ "${1:-}" == --yes ]]; then answer_yes=yes; shift; fi
  command -v swift >/dev/null || {
    say "Swift 6.2 or newer is needed: https://www.swift.org/install"
    return 1
  }
  case "$(uname -s)" in
    Darwin) need_homebrew ;;
    *) need_apt "$answer_yes" "$@" ;;
  esac
}

need_homebrew() {
  local name missing=()
  for name in "${homebrew_packages[@]}"; do
    brew --prefix --installed "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  ((${#missing[@]} == 0)) && return
  say "Missing: ${missing[*]}" "- install with: brew install ${missing[*]}"
  return 1
}

need_apt() {
  local answer_yes=$1 name missing=() sudo=()
  shift
  command -v dpkg-query >/dev/null || return 0 # another system: its own packages, its own names
  for name in "$@"; do
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] ||
      missing+=("$name")
  done
  ((${#missing[@]} == 0)) && return
  say "Missing system packages: ${missing[*]}"
  if [[ $answer_yes == no && -z "${CI:-}" && -t 0 ]]; then
    local answer
    read -r -p "Install them with apt-get? [Y/n] " answer
    [[ -z "$answer" || "$answer" == [yY]* ]] || return 1
  fi
  ((EUID == 0)) || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq >&2 &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
