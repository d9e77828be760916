# shellcheck shell=bash
# Choice of the Rust toolchain; sourced by scripts/setup.
# shellcheck disable=SC2034,SC2154 # Variables shared with lib.sh and setup.

minimum_rust=1.95.0
wasm_target=wasm32v1-none
debian_packages=(rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy rustfmt-web lld-22)

at_least() { printf '%s\n%s\n' "$2" "$1" | sort -C -V; }

# A toolchain in PATH as it stands: recent enough, with the target and the linters.
toolchain_complete() {
	local version libdir
	version="$(rustc --version 2> /dev/null | cut -d ' ' -f 2)" || return 1
	[[ -n $version ]] && at_least "${version%%-*}" "$minimum_rust" || return 1
	libdir="$(rustc --print target-libdir --target "$wasm_target" 2> /dev/null)" || return 1
	compgen -G "$libdir/libcore*.rlib" > /dev/null || return 1
	compgen -G "$libdir/liballoc*.rlib" > /dev/null || return 1
	cargo --version > /dev/null 2>&1 && cargo fmt --version > /dev/null 2>&1 &&
		cargo clippy --version > /dev/null 2>&1 && clippy-driver --version > /dev/null 2>&1
}

toolchain_recorded() { [[ -r $toolchain_env ]] && (use_toolchain && toolchain_complete); }

# record NAME LINE...: writes the environment every other script takes its toolchain from.
record() {
	local name="$1"
	shift
	{
		printf '# Written by scripts/setup; remove this file to let it choose again.\n'
		printf 'export OPENLEDGER_TOOLCHAIN=%q\n' "$name"
		(($# == 0)) || printf '%s\n' "$@"
	} > "$toolchain_env.new"
	mv -- "$toolchain_env.new" "$toolchain_env"
	toolchain_recorded || die "the toolchain '$name' is incomplete; see $toolchain_env"
	changed=true
	say "chose $name: $(use_toolchain && rustc --version) at $(use_toolchain && rustc --print sysroot)"
}

cargo_bin="${CARGO_HOME:-$HOME/.cargo}/bin"

# shellcheck disable=SC2016 # PATH is expanded by whoever sources the line.
path_line() { printf 'export PATH=%q:"$PATH"' "$1"; }

find_rustup() { command -v rustup || { [[ -x $cargo_bin/rustup ]] && printf '%s\n' "$cargo_bin/rustup"; }; }

# Cargo's and rustc's proxies sit beside rustup.
try_rustup() {
	local rustup bin name version
	rustup="$(find_rustup)" || return 1
	bin="$(dirname -- "$rustup")"
	name="$(cd -- "$root" && "$rustup" show active-toolchain 2> /dev/null | cut -d ' ' -f 1)" || name=
	version="$([[ -z $name ]] || "$rustup" run "$name" rustc --version 2> /dev/null | cut -d ' ' -f 2)" || version=
	if [[ -n $version ]] && at_least "${version%%-*}" "$minimum_rust"; then
		say "rustup: adding $wasm_target, clippy and rustfmt to toolchain $name"
		"$rustup" target add "$wasm_target" --toolchain "$name" &&
			"$rustup" component add clippy rustfmt --toolchain "$name" || return 1
	else
		name="$minimum_rust"
		say "rustup: installing toolchain $name with $wasm_target, clippy and rustfmt beside what is there"
		"$rustup" toolchain install "$name" --profile minimal --no-self-update \
			--component clippy --component rustfmt --target "$wasm_target" || return 1
	fi
	record "rustup ($name)" "$(path_line "$bin")" "$(printf 'export RUSTUP_TOOLCHAIN=%q' "$name")"
}

debian_candidate() { LC_ALL=C apt-cache policy "$1" 2> /dev/null | sed -n 's/^ *Candidate: \([0-9][^+~-]*\).*/\1/p'; }

try_debian() {
	local version bin="$cache/toolchain/bin" tool package missing=()
	command -v apt-cache > /dev/null || return 1
	version="$(debian_candidate rustc-web)"
	if [[ -z $version ]]; then
		apt_refresh
		version="$(debian_candidate rustc-web)"
	fi
	[[ -n $version ]] && at_least "$version" "$minimum_rust" || return 1
	for package in "${debian_packages[@]}"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
	done
	((${#missing[@]} == 0)) || apt_install "${missing[@]}" || return 1
	# Links of its own rather than /usr/bin at the head of PATH, which would shadow other tools.
	mkdir -p -- "$bin"
	for tool in cargo rustc rustdoc rustfmt cargo-fmt cargo-clippy clippy-driver rust-lld; do
		ln -sfn -- "/usr/bin/$tool" "$bin/$tool"
	done
	build_wasm_core "$bin" || return 1
	record "Debian (rustc-web)" "$(path_line "$bin")" 'unset RUSTUP_TOOLCHAIN'
}

# Debian ships no wasm32v1-none: core and alloc come from its own sources. embed-bitcode because
# the runtime is linked with LTO.
build_wasm_core() {
	local bin="$1" lib="/usr/lib/rustlib/$wasm_target/lib" stamp work
	stamp="$(/usr/bin/rustc --version)"
	[[ -r $lib/VERSION && $(< "$lib/VERSION") == "$stamp" ]] && return 0
	say "building core and alloc for $wasm_target into $lib (half a minute)"
	work="$(mktemp -d)"
	printf '#![no_std]\n' > "$work/lib.rs"
	cat > "$work/Cargo.toml" <<- 'END'
		[package]
		name = "sysroot"
		version = "0.0.0"
		edition = "2024"
		[lib]
		path = "lib.rs"
		[workspace]
	END
	(cd -- "$work" && env -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER PATH="$bin:$PATH" RUSTC_BOOTSTRAP=1 \
		RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
		cargo build --quiet --release --target "$wasm_target" -Z build-std=core,alloc) || return 1
	printf '%s\n' "$stamp" > "$work/VERSION"
	# Objects of an older core would be a second crate of the same name.
	as_root rm -rf -- "$lib" &&
		as_root install -D -m 644 -t "$lib" -- "$work/VERSION" \
			"$work/target/$wasm_target/release/deps/"lib{core,alloc,compiler_builtins}-*.rlib || return 1
	rm -rf -- "$work"
	# WASM builds cached against the old core cannot be continued.
	rm -rf -- "$CARGO_TARGET_DIR"/*/wbuild
	changed=true
}

try_distribution_rustup() {
	find_rustup > /dev/null && return 1
	command -v apt-cache > /dev/null || return 1
	[[ -n $(debian_candidate rustup) ]] || apt_refresh
	[[ -n $(debian_candidate rustup) ]] || return 1
	apt_install rustup && try_rustup
}

install_toolchain() {
	local way="$1" recorded=
	if toolchain_recorded; then
		recorded="$(use_toolchain && printf '%s' "$OPENLEDGER_TOOLCHAIN")"
		case "$way:$recorded" in
			auto:* | rustup:rustup* | debian:Debian*)
				say "toolchain: $recorded"
				return
				;;
		esac
	fi
	case "$way" in
		rustup) try_rustup || try_distribution_rustup || die "rustup could not provide Rust $minimum_rust with $wasm_target; try --toolchain debian" ;;
		debian) try_debian || die "Debian's packages could not provide Rust $minimum_rust with $wasm_target; try --toolchain rustup" ;;
		auto)
			if toolchain_complete; then
				record "in PATH" "$(path_line "$(dirname -- "$(command -v rustc)")")"
				return
			fi
			try_rustup || try_debian || try_distribution_rustup ||
				die "no way led to Rust $minimum_rust with $wasm_target. Install rustup (https://rustup.rs), run 'rustup toolchain install $minimum_rust --target $wasm_target --component clippy rustfmt', then run this again"
			;;
	esac
}
