//! Every way in which the engine refuses its input.

use std::path::PathBuf;

use crate::adapter::Module;

/// Result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal: what was wrong with the input, and where it helps, what to do about it.
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
	/// There is no device of the kind that was asked for.
	#[error("no GPU: {0}")]
	NoDevice(String),
	/// The base has fewer layers.
	#[error("no layer {layer}: the base has {layers}")]
	NoSuchLayer {
		/// The layer that was asked for.
		layer: usize,
		/// How many there are.
		layers: usize,
	},
	/// One side of a product of matrices does not fit the other.
	#[error("a product of matrices: {found} numbers instead of {expected}")]
	Product {
		/// What would fit.
		expected: String,
		/// How many numbers there are.
		found: usize,
	},
	/// There is something already where a file or folder was to be written.
	#[error("{} exists already: name another path, or allow it to be replaced", .0.display())]
	Exists(PathBuf),
	/// The path is neither a GGUF file nor a folder with a `config.json`.
	#[error("{} is neither a GGUF file nor a Hugging Face folder (no config.json in it)", .0.display())]
	NotABase(PathBuf),
	/// The file does not start with the magic number of its format.
	#[error("not a {format} file: it starts with {found:02x?}")]
	BadMagic {
		/// The format that was expected.
		format: &'static str,
		/// The first bytes of the file.
		found: [u8; 4],
	},
	/// The version of the file format is one that this engine does not read.
	#[error("{format} version {found} is not supported, convert the file to version 3")]
	UnsupportedVersion {
		/// The format of the file.
		format: &'static str,
		/// The version that the file names.
		found: u32,
	},
	/// The file ends before what its header announces.
	#[error("truncated: {what} needs {needed} bytes at offset {offset}, the file has {available}")]
	Truncated {
		/// What was being read.
		what: String,
		/// Where it starts, in bytes from the start of the file.
		offset: u64,
		/// How many bytes it takes.
		needed: u64,
		/// How many bytes are there from `offset` on.
		available: u64,
	},
	/// A length or count in a header is beyond what the engine accepts.
	#[error("oversized header: {what} is {found}, the limit is {limit}")]
	OversizedHeader {
		/// The length or count in question.
		what: &'static str,
		/// The value that the file names.
		found: u64,
		/// The largest value that is accepted.
		limit: u64,
	},
	/// A header could be read but makes no sense.
	#[error("malformed {what}: {reason}")]
	Malformed {
		/// The part of the file, or the file.
		what: String,
		/// Why it was refused.
		reason: String,
	},
	/// A required metadata entry is absent.
	#[error("missing metadata {0:?}")]
	MissingMetadata(String),
	/// A required tensor is absent.
	#[error("missing tensor {0:?}")]
	MissingTensor(String),
	/// A tensor that the architecture does not know.
	#[error("unexpected tensor {0:?}: this engine would ignore it and answer wrongly")]
	UnexpectedTensor(String),
	/// A tensor does not have the shape that the configuration asks for.
	#[error("tensor {name:?} has shape {found:?}, expected {expected:?}")]
	WrongShape {
		/// The tensor's name.
		name: String,
		/// The shape that the configuration asks for.
		expected: Vec<usize>,
		/// The shape in the file.
		found: Vec<usize>,
	},
	/// A tensor is stored in a number format that the engine does not read.
	#[error("tensor {name:?} has element type {dtype}, which is not supported")]
	UnsupportedDtype {
		/// The tensor's name.
		name: String,
		/// The element type as the file names it.
		dtype: String,
	},
	/// A weight is NaN or infinite.
	#[error("tensor {name:?} has a weight that is not finite at element {index}")]
	NonFinite {
		/// The tensor's name.
		name: String,
		/// Row-major position of the first such weight.
		index: usize,
	},
	/// A number of the configuration is out of range or contradicts another.
	#[error("invalid configuration: {0}")]
	InvalidConfig(String),
	/// The base is of an architecture, or uses a feature of it, that is not implemented.
	#[error("unsupported base: {0}")]
	UnsupportedBase(String),
	/// The tokenizer is of a kind that is not implemented.
	#[error("unsupported tokenizer: {0}")]
	UnsupportedTokenizer(String),
	/// The tokenizer could not be built, or could not process a text.
	#[error("tokenizer: {0}")]
	Tokenizer(String),
	/// The base has no chat template.
	#[error("this base has no chat template: give the prompt as plain text")]
	NoChatTemplate,
	/// The chat template is malformed or refused the messages.
	#[error("chat template: {0}")]
	ChatTemplate(String),
	/// The grammar or schema that an answer has to follow is malformed, asks for what is not done, or
	/// is too large; or nothing can follow in it.
	#[error("the answer's grammar: {0}")]
	Constraint(String),
	/// A conversation has no turn to learn.
	#[error("nobody with the role assistant says anything: there is nothing to learn")]
	NoAssistant,
	/// The chat template does not let the assistant's part of a conversation be told from the rest.
	#[error(
		"turn {turn} of the conversation can't be learnt with this base's chat template: {reason}"
	)]
	ChatTurn {
		/// The turn, counted from 1.
		turn: usize,
		/// What the template does.
		reason: &'static str,
	},
	/// The adapter configuration asks for something that the engine does not do exactly.
	#[error("unsupported adapter: {field} = {value}")]
	UnsupportedAdapter {
		/// The field of `adapter_config.json`.
		field: String,
		/// Its value, as JSON.
		value: String,
	},
	/// A regular expression of the adapter configuration is not one that this engine reads as PEFT does.
	#[error("unsupported pattern {pattern:?} in the adapter's {field}: {reason}")]
	UnsupportedPattern {
		/// The field of `adapter_config.json`.
		field: &'static str,
		/// The expression, cut short.
		pattern: String,
		/// What it uses.
		reason: String,
	},
	/// The adapter was made for another base: it has another number of layers.
	#[error(
		"the adapter has weights for {found} layers where this base asks for {expected}: it was made \
		 for another base"
	)]
	AdapterLayers {
		/// Layers for which the base needs weights.
		expected: usize,
		/// Layers of the adapter.
		found: usize,
	},
	/// A file of a folder is a link to somewhere else, or not a file.
	#[error(
		"{} is not a file within its folder: copy what it links to there (cp -rL does)", .0.display()
	)]
	OutsideFolder(PathBuf),
	/// The adapter was made for another base: a matrix does not fit.
	#[error(
		"the adapter's {module} in layer {layer} maps {found:?}, the base's {expected:?} \
		 (inputs, outputs): it was made for another base"
	)]
	AdapterShape {
		/// The layer, counted from 0.
		layer: usize,
		/// The projection.
		module: Module,
		/// (inputs, outputs) in the base.
		expected: (usize, usize),
		/// (inputs, outputs) in the adapter.
		found: (usize, usize),
	},
	/// Prompt and what follows it do not fit into the context window.
	#[error("{tokens} tokens do not fit into the context of {context}: shorten the prompt")]
	ContextExceeded {
		/// Number of tokens given.
		tokens: usize,
		/// Size of the context window in tokens.
		context: usize,
	},
	/// No token was given where at least one is needed.
	#[error("the prompt has no tokens")]
	EmptyPrompt,
	/// A token id beyond the vocabulary.
	#[error("token {token} is not in the vocabulary of {vocab} tokens")]
	UnknownToken {
		/// The offending id.
		token: u32,
		/// Size of the vocabulary.
		vocab: usize,
	},
	/// The answer does not start inside the sequence, after at least one token.
	#[error("the answer starts at {answer_start}, it has to start within 1..{tokens}")]
	AnswerOutOfRange {
		/// Index of the first answer token.
		answer_start: usize,
		/// Number of tokens in the sequence.
		tokens: usize,
	},
	/// An option is out of its range.
	#[error("option {option} is {value}: {reason}")]
	InvalidOption {
		/// The option's name.
		option: &'static str,
		/// The value that was given.
		value: String,
		/// The range, or why it is refused.
		reason: &'static str,
	},
	/// A value inside the model is not finite, or beyond the range of half precision where keys and
	/// values are kept.
	#[error("a value in layer {layer} is not finite: the base or the adapter is damaged")]
	NonFiniteActivation {
		/// The layer.
		layer: usize,
	},
	/// There is no room for the keys and values of more positions.
	#[error(
		"no room for {positions} more positions: {available} are free, each takes {bytes} bytes"
	)]
	CacheFull {
		/// Positions that were asked for.
		positions: usize,
		/// Positions that there is room for.
		available: usize,
		/// Bytes that one takes.
		bytes: usize,
	},
	/// Adapters do not fit the memory that there is for them.
	#[error("{bytes} bytes of adapters are needed at once, the budget for them is {budget}")]
	AdapterTooLarge {
		/// Bytes of the adapters of one request.
		bytes: u64,
		/// Bytes that all adapters may take.
		budget: u64,
	},
	/// An adapter's file could not be read when it was needed; why, without where it lies.
	#[error("the adapter cannot be read: {0}; load it again")]
	AdapterUnreadable(String),
	/// More requests wait than are accepted.
	#[error("busy: {waiting} requests are waiting, try again later")]
	Busy {
		/// Requests that wait.
		waiting: usize,
	},
	/// What would answer has ended.
	#[error("the server has stopped")]
	Stopped,
	/// The model produced a value that is not finite, so no token can be chosen.
	#[error("the model produced logits that are not finite")]
	NonFiniteLogits,
	/// A saved state cannot be continued: it belongs to another run.
	#[error("cannot resume: {0}")]
	Checkpoint(String),
	/// The links of a run do not follow each other.
	#[error("the chain of checkpoints is broken at step {step}: {reason}")]
	BrokenChain {
		/// The step of the first link that does not follow.
		step: u64,
		/// Why not.
		reason: &'static str,
	},
	/// A run has not committed to the state of a step.
	#[error("step {step} is not one that the run has committed to: choose one of the chain's")]
	NoLink {
		/// The step.
		step: u64,
	},
	/// There is nothing to train on.
	#[error("there are no examples to train on")]
	NoExamples,
	/// One sequence of several is refused.
	#[error("example {index}: {source}")]
	Example {
		/// Its position in what was given, counted from 0.
		index: usize,
		/// Why it is refused.
		source: Box<Error>,
	},
	/// Training ran away; the last checkpoint is from before.
	#[error(
		"training diverged at step {step}: {what} is not finite; lower the learning rate, or the \
		 alpha, and start again"
	)]
	Diverged {
		/// The step, counted from 0.
		step: usize,
		/// What was not finite first.
		what: &'static str,
	},
	/// What was kept of an answer does not go with what was asked of it.
	#[error("what was kept of an answer can not be used: {0}; read the answer anew")]
	OtherTrail(&'static str),
	/// A gradient has a NaN or an infinity in it.
	#[error("the gradient is not finite: the adapter's weights are too large for this base")]
	NonFiniteGradient,
	/// The backward pass did not reach a matrix.
	#[error("no gradient reached {matrix} of {module} in layer {layer}")]
	MissingGradient {
		/// The layer, counted from 0.
		layer: usize,
		/// The projection.
		module: Module,
		/// `A` or `B`.
		matrix: char,
	},
	/// The caller ended the operation before it was done.
	#[error("cancelled by the caller")]
	Cancelled,
	/// A tensor operation failed.
	#[error(transparent)]
	Candle(#[from] candle_core::Error),
}

impl Error {
	/// Names the file in an error of the operating system.
	pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
		move |source| Self::Io { path: path.to_path_buf(), source }
	}

	/// Names the sequence, of several, that is refused.
	pub(crate) fn in_example(index: usize) -> impl FnOnce(Self) -> Self {
		move |source| Self::Example { index, source: Box::new(source) }
	}

	/// A part of a file that could be read but makes no sense.
	pub(crate) fn malformed(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
		Self::Malformed { what: what.into(), reason: reason.to_string() }
	}
}
