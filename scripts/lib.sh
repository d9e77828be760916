# shellcheck shell=bash
# Shared by the scripts of this folder; sourced, never run.
# shellcheck disable=SC2034 # Variables are for the scripts.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/openledger"
toolchain_env="$cache/toolchain.env"
model_dir="$cache/models"
model_path="$model_dir/SmolLM2-135M-Instruct.Q4_1.gguf"

# Outside the checkout, so that a fresh clone finds the dependencies already compiled.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The lines of a script's own head comment are its help.
print_help() { sed -n '2,/^$\|^[^#]/{/^#/{s/^# \{0,1\}//;p}}' "$0"; }

sha256_of() { sha256sum -- "$1" | cut -d ' ' -f 1; }

# Puts the toolchain that scripts/setup chose first in PATH.
use_toolchain() {
	[[ -r $toolchain_env ]] || die "no toolchain chosen yet; run scripts/setup"
	# shellcheck source=/dev/null
	. "$toolchain_env"
	forget_other_checkout
}

# Two checkouts that share a target folder share the names of what is built from their own crates,
# and cargo judges by time whether a source has changed: what the other one built would pass for ours.
forget_other_checkout() {
	local mark="$CARGO_TARGET_DIR/checkout" manifest name
	[[ ! -r $mark || $(< "$mark") != "$root" ]] || return 0
	while read -r manifest; do
		name="$(sed -n '0,/^name = /s/^name = "\(.*\)"/\1/p' -- "$manifest")"
		[[ -z $name ]] || rm -rf -- "$CARGO_TARGET_DIR"/*/.fingerprint/"$name"-*
	done < <(find "$root" -name Cargo.toml -not -path '*/node_modules/*')
	mkdir -p -- "$CARGO_TARGET_DIR"
	printf '%s\n' "$root" > "$mark"
}

# fetch_wheel NAME VERSION SHA256 DIRECTORY: one wheel from the package index, refused if its
# hash differs; nothing is installed.
fetch_wheel() {
	printf '%s==%s --hash=sha256:%s\n' "$1" "$2" "$3" |
		python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
			--only-binary :all: --require-hashes --dest "$4" --requirement /dev/stdin ||
		die "could not fetch the Python package $1 $2 with the expected hash; check the network and pip's index settings, then run this again"
}
