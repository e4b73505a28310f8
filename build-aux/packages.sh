# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Debian packages by purpose, for quickstart, check and bench/run.

packages_build=(autoconf automake build-essential libarchive-dev libdeflate-dev libglib2.0-dev
  libjson-glib-dev libselinux1-dev libssl-dev pkgconf zlib1g-dev)

# Debian has it for these; without it the build is slower at images, see configure.ac.
case $(dpkg --print-architecture 2>/dev/null) in amd64 | arm64) packages_build+=(libisal-dev) ;; esac

packages_quickstart=(attr cpio mount util-linux)

packages_check=(acl attr bash-completion buildah busybox-static bzip2 clang clang-format cpio cppcheck crun docker-registry e2fsprogs
  erofs-utils fuse-overlayfs git gpg gpg-agent jq libarchive-tools libcap2-bin libclang-rt-14-dev lz4 man-db mount openssl ostree
  pigz podman procps python3 shellcheck skopeo strace systemd uidmap umoci util-linux xfsprogs xz-utils zip zopfli zstd)

# Packages that tests only look into: downloaded to $package_files, not installed.
packages_check_files=(base-files busybox-static netbase selinux-policy-default tzdata)
package_files=/var/cache/underlay-test

# For `check --long`: a Debian 13 with newer programs, to chroot into.
packages_long=(debootstrap)
packages_debian13=(buildah crun podman skopeo)
debian13=$package_files/debian13

packages_bench=(debootstrap gcc libc6-dev e2fsprogs mount ostree python3 skopeo umoci util-linux)

# download_missing PACKAGE...: to $package_files.
download_missing ()
{
  local p
  mkdir -p "$package_files"
  for p; do
    compgen -G "$package_files/${p}_*.deb" >/dev/null && continue
    echo "downloading: $p"
    # apt's own user can't write there, and says so.
    (cd "$package_files" && apt-get -q -o APT::Sandbox::User=root download "$p" >/dev/null)
  done
}

# make_debian13: in $debian13, from the mirror that apt has for this Debian; once.
make_debian13 ()
{
  local mirror packages
  [ ! -e "$debian13/etc/debian_version" ] || return 0
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
  packages=$(IFS=, && echo "${packages_debian13[*]}")
  echo "making a Debian 13 in $debian13 (once)"
  mkdir -p "$package_files"
  rm -rf "$debian13.tmp"
  debootstrap --variant=minbase --include="$packages" trixie "$debian13.tmp" ${mirror:+"$mirror"} >"$debian13.log" 2>&1 \
    && rm -rf "$debian13.tmp"/var/cache/apt/archives/*.deb && mv "$debian13.tmp" "$debian13" && return 0
  tail -n 3 "$debian13.log" >&2
  return 1
}

# install_missing PACKAGE...: with apt-get, and only if something is missing, so that it needs no
# network otherwise.
install_missing ()
{
  local missing=() p
  for p; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update >/dev/null || echo "apt-get update failed, trying with the lists there are" >&2
  apt-get -q -y --no-install-recommends install "${missing[@]}" >/dev/null
}
