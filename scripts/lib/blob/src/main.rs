//! `openledger-blob < PLAIN > COMPRESSED`: a runtime's code as the SDK compresses it, which a block
//! has room for. The compressor is pinned by this folder's lock file, since its version is part of
//! what comes out.

use sp_maybe_compressed_blob::{CODE_BLOB_BOMB_LIMIT, compress_strongly};
use std::io::{Read, Write};

fn main() -> Result<(), String> {
	let mut plain = Vec::new();
	std::io::stdin().read_to_end(&mut plain).map_err(|error| format!("can't read: {error}"))?;
	if !plain.starts_with(b"\0asm") {
		return Err("standard input is no WebAssembly".into());
	}
	let code = compress_strongly(&plain, CODE_BLOB_BOMB_LIMIT)
		.ok_or_else(|| format!("{} bytes are more than a node decompresses", plain.len()))?;
	std::io::stdout().write_all(&code).map_err(|error| format!("can't write: {error}"))
}
