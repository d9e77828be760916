//! Why a span index, or what is asked of it, is refused.

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
	/// The bytes do not start as a span index does.
	#[error("not a span index: it starts with {0:02x?}")]
	NotASpanIndex(Vec<u8>),
	/// The file is of a version that this engine does not read.
	#[error("span index version {found} is not supported, rebuild it (version {expected})")]
	UnsupportedVersion {
		/// The version in the file.
		found: u32,
		/// The version that is read here.
		expected: u32,
	},
	/// A part of the file does not have the length that the head asks for.
	#[error("span index, {section}: {found} bytes where {expected} are needed")]
	SectionLength {
		/// The part's name.
		section: &'static str,
		/// The length that is needed, in bytes.
		expected: u64,
		/// The length found, in bytes.
		found: u64,
	},
	/// A part's bytes are not the ones that its checksum was made over.
	#[error("the span index is damaged: the checksum of its {0} differs, fetch or build it again")]
	Checksum(&'static str),
	/// The head's numbers make no sense.
	#[error("the span index has an impossible head: {0}")]
	Head(&'static str),
	/// The tokens are not those of records.
	#[error("the span index holds no records' tokens at {position}: {reason}")]
	Text {
		/// Where, in tokens and separators.
		position: u64,
		/// What is wrong.
		reason: &'static str,
	},
	/// A record's start is not where the one before it ends.
	#[error("the span index has the start of record {0} in the wrong place")]
	Start(u32),
	/// The array is not the suffix array of the tokens.
	#[error("the suffix array is wrong at entry {entry}: {reason}")]
	Array {
		/// The entry.
		entry: u64,
		/// What is wrong.
		reason: &'static str,
	},
	/// A sample is not the beginning of its suffix.
	#[error("sample {0} of the span index is not the beginning of its suffix")]
	Sample(u64),
	/// The vocabulary is empty or too large.
	#[error("a vocabulary of {0} tokens can't be indexed, at most {max} can", max = super::MAX_VOCABULARY)]
	Vocabulary(u32),
	/// A record has a token that is not in the vocabulary.
	#[error("record {record} has token {token}, the vocabulary has {vocabulary}")]
	UnknownToken {
		/// The record's position.
		record: u32,
		/// The token.
		token: u32,
		/// The size of the vocabulary.
		vocabulary: u32,
	},
	/// There are more records or tokens than an index can hold.
	#[error("more {0} than a span index can hold")]
	TooMany(&'static str),
	/// The suffix array could not be built.
	#[error("the suffix array could not be built: {0}")]
	Construction(String),
	/// There are not as many values as things that they are about.
	#[error("{found} {what} for {expected}")]
	Count {
		/// What is counted.
		what: &'static str,
		/// How many are needed.
		expected: usize,
		/// How many there are.
		found: usize,
	},
	/// A record's cluster head is not a record.
	#[error("the cluster head of record {record} is {head}, which is none")]
	BadHead {
		/// The record's position.
		record: u32,
		/// What it names.
		head: u32,
	},
	/// A log-probability is not a number, infinite or above zero.
	#[error("the log-probability of token {0} of the answer is none")]
	LogProbability(usize),
}
