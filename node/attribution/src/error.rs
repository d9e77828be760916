//! Every way in which the attribution engine refuses its input.

use std::path::{Path, PathBuf};

/// Result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal: what was wrong, and where it helps, what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// A file could not be opened, read or written.
	#[error("cannot access {}: {source}", path.display())]
	Io {
		/// The file or folder in question.
		path: PathBuf,
		/// What the operating system answered.
		source: std::io::Error,
	},
	/// A file is none that examples can be read from.
	#[error("{}: {reason}", path.display())]
	DataFile {
		/// The file.
		path: PathBuf,
		/// Why not.
		reason: String,
	},
	/// A line or an element of a file is no example.
	#[error("{place}: {source}")]
	Data {
		/// Where it is.
		place: crate::dataset::Place,
		/// Why it was refused.
		source: crate::dataset::DataError,
	},
	/// The inference engine refused.
	#[error(transparent)]
	Engine(#[from] openlora::Error),
	/// The bytes do not start as an index file does.
	#[error("not an attribution index: it starts with {0:02x?}")]
	NotAnIndex(Vec<u8>),
	/// The index file is of a version that this engine does not read.
	#[error("attribution index version {found} is not supported, rebuild it (version {expected})")]
	UnsupportedVersion {
		/// The version in the file.
		found: u32,
		/// The version that is read here.
		expected: u32,
	},
	/// A section's bytes are not the ones that its checksum was made over.
	#[error("the attribution index is damaged in its {0}: fetch or build it again")]
	Checksum(&'static str),
	/// The nodes of a tree are not the hashes of what they stand for.
	#[error("the tree of {0} in the attribution index is not theirs: fetch or build it again")]
	Tree(&'static str),
	/// An index can't begin with another one.
	#[error("the older index has another {0}: build the new one from the start")]
	NotAnExtension(&'static str),
	/// A section does not have the length that the header asks for.
	#[error("index section {section}: {found} bytes where {expected} are needed")]
	SectionLength {
		/// The section's name.
		section: &'static str,
		/// The length that the header asks for, in bytes.
		expected: u64,
		/// The length found, in bytes.
		found: u64,
	},
	/// A part of a file could be read but makes no sense.
	#[error("malformed {what}: {reason}")]
	Malformed {
		/// The part in question.
		what: &'static str,
		/// Why it was refused.
		reason: String,
	},
	/// A sketch, or an index, has another number of components than asked for.
	#[error("{found} components where the method has {expected}")]
	Dimension {
		/// The method's dimension.
		expected: usize,
		/// What was found.
		found: usize,
	},
	/// The index was built for another method than the model version's.
	#[error("the index was built for {built}, the model version attributes by {asked}")]
	OtherMethod {
		/// The method in the index.
		built: String,
		/// The method asked for.
		asked: String,
	},
	/// A component of a sketch is −128.
	#[error("the sketch at position {0} holds −128, components are −127…127")]
	Asymmetric(u32),
	/// A position's cluster head is not an earlier committed head.
	#[error("the cluster head of position {position} is {head}: {reason}")]
	BadHead {
		/// The position.
		position: u32,
		/// The head that it names.
		head: u32,
		/// Why that can't be.
		reason: &'static str,
	},
	/// The records given are not as many as the snapshots count.
	#[error("{records} records for snapshots that count {counted}")]
	RecordCount {
		/// Records given.
		records: usize,
		/// The sum of the snapshots' counts.
		counted: u64,
	},
	/// A record stands where another belongs.
	#[error("record {position}: {reason}")]
	WrongRecord {
		/// Its place in the manifest.
		position: usize,
		/// What differs.
		reason: &'static str,
	},
	/// The records' leaves do not give the root that the snapshot was frozen with.
	#[error("the records of datanet {datanet} do not give its snapshot's root: fetch them again")]
	SnapshotRoot {
		/// The Datanet.
		datanet: u32,
	},
	/// The contributor leaves are not the sums of their records.
	#[error("the contributor leaves are not the sums of their records")]
	ContributorSums,
	/// A gradient or a feature is not a number.
	#[error("{what} is not finite: the adapter is broken, or training diverged")]
	NonFinite {
		/// What was computed.
		what: String,
	},
	/// The gradient is that of another number of parameters.
	#[error("a gradient of {found} parameters where the adapter has {expected}")]
	GradientLength {
		/// The adapter's number of parameters.
		expected: usize,
		/// The gradient's length.
		found: usize,
	},
	/// No record can be trained on: nothing to attribute to.
	#[error("none of the {0} records can be trained on")]
	NothingUsable(usize),
	/// There are no null queries to calibrate the floor on.
	#[error("the floor needs at least one null query")]
	NoNullQueries,
	/// The answer has no tokens.
	#[error("an answer without tokens can't be attributed")]
	EmptyAnswer,
	/// The record's bytes are not of the format.
	#[error(transparent)]
	Format(#[from] crate::format::FormatError),
	/// The spans' index, or what was asked of it, is refused.
	#[error(transparent)]
	Spans(#[from] crate::spans::SpanError),
	/// The claim would not fit its bounds.
	#[error("the claim does not fit: {0}")]
	ClaimBounds(&'static str),
	/// The caller ended the operation before it was done. What is computed is kept.
	#[error("cancelled by the caller")]
	Cancelled,
}

impl Error {
	pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
		move |source| Self::Io { path: path.to_path_buf(), source }
	}

	pub(crate) fn malformed(what: &'static str, reason: impl std::fmt::Display) -> Self {
		Self::Malformed { what, reason: reason.to_string() }
	}
}
