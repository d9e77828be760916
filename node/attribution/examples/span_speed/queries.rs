//! What is searched for.

use sp_io::hashing::blake2_256;

/// Runs of tokens, drawn the same on every machine from the records alone.
pub struct Queries<'a> {
	records: Vec<&'a [u32]>,
	/// Tokens of all records up to and with each.
	ends: Vec<u64>,
	vocabulary: u32,
	drawn: u64,
}

impl<'a> Queries<'a> {
	pub fn new(records: &'a [Vec<u32>], vocabulary: u32) -> Self {
		let records: Vec<&[u32]> =
			records.iter().map(Vec::as_slice).filter(|record| !record.is_empty()).collect();
		let mut end = 0;
		let ends = records
			.iter()
			.map(|record| {
				end += record.len() as u64;
				end
			})
			.collect();
		Self { records, ends, vocabulary, drawn: 0 }
	}

	/// A number below a limit.
	fn below(&mut self, limit: u64) -> u64 {
		self.drawn += 1;
		let hash = blake2_256(&self.drawn.to_le_bytes());
		let (first, _) = hash.split_at(8);
		first.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)) % limit.max(1)
	}

	/// A run of `least` to `most` tokens from a place that any of the records' tokens is as likely
	/// as; shorter where its record ends. One token of every second is replaced.
	pub fn run(&mut self, least: usize, most: usize) -> Vec<u32> {
		let place = self.below(self.ends.last().copied().unwrap_or(0));
		let record = self.ends.partition_point(|end| *end <= place);
		let length = least + self.below((most - least + 1) as u64) as usize;
		let tokens = self.records[record];
		let offset = tokens.len() - (self.ends[record] - place) as usize;
		let mut run = tokens[offset..tokens.len().min(offset + length)].to_vec();
		if self.below(2) == 1 {
			let which = self.below(run.len() as u64) as usize;
			run[which] = self.below(self.vocabulary.into()) as u32;
		}
		run
	}
}
