//! Content is named by the blake2b-256 of its bytes, written as 64 lower-case hexadecimal digits.

use openledger_primitives_core::Hash;

use super::ContentError;

/// Reads a name.
///
/// # Errors
/// [`ContentError::BadName`] for anything but 64 lower-case hexadecimal digits: each content has
/// one name, which is also its path.
pub fn parse(name: &str) -> Result<Hash, ContentError> {
	let refuse = || ContentError::BadName(name.chars().take(80).collect());
	let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
	if name.len() != 64 || !name.bytes().all(lower) {
		return Err(refuse());
	}
	let mut bytes = [0; 32];
	hex::decode_to_slice(name, &mut bytes).map_err(|_| refuse())?;
	Ok(Hash(bytes))
}

/// Writes a name.
pub fn name(hash: &Hash) -> String {
	hex::encode(hash.as_bytes())
}

/// Hashes content as it arrives.
#[derive(Clone)]
pub struct Hasher(blake2b_simd::State);

impl Default for Hasher {
	fn default() -> Self {
		Self(blake2b_simd::Params::new().hash_length(32).to_state())
	}
}

impl Hasher {
	/// Adds bytes.
	pub fn update(&mut self, bytes: &[u8]) {
		self.0.update(bytes);
	}

	/// The hash of everything added.
	pub fn finish(&self) -> Hash {
		Hash::from_slice(self.0.finalize().as_bytes())
	}
}

/// The hash of a file of this machine, read in pieces.
///
/// # Errors
/// When the file can't be read.
pub fn of_file(path: &std::path::Path) -> std::io::Result<Hash> {
	use std::io::Read;
	let mut file = std::fs::File::open(path)?;
	let mut hasher = Hasher::default();
	let mut buffer = vec![0; 1 << 20];
	loop {
		match file.read(&mut buffer) {
			Ok(0) => return Ok(hasher.finish()),
			Ok(count) => hasher.update(&buffer[..count]),
			Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
			Err(error) => return Err(error),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn hash_is_the_chains_when_bytes_come_in_pieces() {
		let bytes: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
		let mut hasher = Hasher::default();
		bytes.chunks(777).for_each(|piece| hasher.update(piece));
		assert_eq!(hasher.finish(), openledger_primitives_core::record::content_hash(&bytes));
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), &bytes).unwrap();
		assert_eq!(of_file(file.path()).unwrap(), hasher.finish());
	}

	#[test]
	fn name_is_refused_when_it_is_not_the_one_way_to_write_a_hash() {
		let hash = Hash::repeat_byte(0xab);
		let good = name(&hash);
		assert_eq!(parse(&good).unwrap(), hash);
		let bad = [
			String::new(),
			good[1..].to_string(),
			format!("{good}0"),
			format!("0x{good}"),
			good.to_uppercase(),
			"../".repeat(21) + "a",
			"g".repeat(64),
			"é".repeat(32),
		];
		for text in bad {
			assert!(matches!(parse(&text), Err(ContentError::BadName(_))), "{text}");
		}
	}
}
