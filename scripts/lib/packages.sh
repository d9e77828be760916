# shellcheck shell=bash
# System packages that the build and the tests need; sourced by scripts/setup.
# shellcheck disable=SC2034 # `changed` is read there.

# Prints the packages whose command or file is absent. Commands and files are looked for rather
# than packages, so that tools installed another way (a newer Node.js, a pyenv) are left alone.
missing_packages() {
	local command package
	while read -r command package; do
		command -v "$command" > /dev/null || printf '%s\n' "$package"
	done <<- 'END'
		gcc gcc
		g++ g++
		make make
		pkg-config pkg-config
		protoc protobuf-compiler
		git git
		curl curl
		unzip unzip
		flock util-linux
		python3 python3
		node nodejs
		npm npm
		faketime faketime
		zstd zstd
	END
	[[ -e /usr/include/google/protobuf/descriptor.proto ]] || printf 'libprotobuf-dev\n'
	[[ -e /etc/ssl/certs/ca-certificates.crt ]] || printf 'ca-certificates\n'
	pkg-config --exists openssl 2> /dev/null || printf 'libssl-dev\n'
	python3 -c 'import pip' 2> /dev/null || printf 'python3-pip\n'
	python3 -c 'import ensurepip' 2> /dev/null || printf 'python3-venv\n'
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif sudo -n true 2> /dev/null; then
		sudo -n -- "$@"
	else
		die "needs root for: $*; run scripts/setup as root, or where sudo asks for no password"
	fi
}

apt_lists_are_fresh=false
apt_refresh() {
	if ! $apt_lists_are_fresh; then
		say "refreshing the package lists (apt-get update)"
		# One unreachable third-party source must not stop what the distribution itself has.
		as_root apt-get update -qq || say "apt-get update reported errors; going on with the lists there are"
		apt_lists_are_fresh=true
	fi
}

apt_install() {
	command -v apt-get > /dev/null ||
		die "this system has no apt-get; install the equivalents of: $*, then run this again"
	apt_refresh
	say "installing with apt-get: $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null < /dev/null ||
		return 1
	changed=true
}

install_packages() {
	local packages
	mapfile -t packages < <(missing_packages)
	((${#packages[@]} == 0)) || apt_install "${packages[@]}" ||
		die "apt-get could not install: ${packages[*]}; see its message above"
	mapfile -t packages < <(missing_packages)
	((${#packages[@]} == 0)) || die "still missing after the installation: ${packages[*]}"
}
