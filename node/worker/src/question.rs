//! What is asked of a model version, wherever it was asked.

use openledger_primitives_core::{MAX_ANSWER, RequestId};
use openledger_primitives_inference::{Failure, Job, Material};
use openlora::Message;
use sp_core::crypto::AccountId32;
use url::Url;

/// A question, with everything that its answer and claim follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
	/// The conversation up to the answer.
	pub messages: Vec<Message>,
	/// Who pays; its own records are not credited.
	pub payer: AccountId32,
	/// The most tokens to generate.
	pub max_tokens: u32,
	/// The longest answer in bytes, where that is bounded.
	pub longest: Option<usize>,
	/// Sampling temperature in thousandths; zero is greedy.
	pub temperature: u16,
	/// The sampling seed, with which the claim's traces are sealed too.
	pub seed: [u8; 32],
	/// What the model version computes and is attributed with.
	pub material: Material,
	/// Who has answered it, where that is audited here and its worker is known.
	pub answered_by: Option<AnsweredBy>,
}

/// Whose answer is audited: its worker has had all content that this takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredBy {
	/// The worker.
	pub worker: Url,
	/// The claim that is audited.
	pub audit: RequestId,
}

impl TryFrom<&Job> for Question {
	type Error = Unanswered;

	fn try_from(job: &Job) -> Result<Self, Unanswered> {
		let prompt = std::str::from_utf8(&job.prompt)
			.map_err(|_| Unanswered::NoPrompt("the prompt is not UTF-8".into()))?;
		Ok(Self {
			messages: vec![Message::new("user", prompt)],
			payer: job.payer.clone(),
			max_tokens: job.max_tokens,
			longest: Some(MAX_ANSWER as usize),
			temperature: job.temperature,
			seed: job.seed,
			material: job.material.clone(),
			answered_by: None,
		})
	}
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
	/// The messages make no prompt for this base.
	#[error("the messages make no prompt: {0}")]
	NoPrompt(String),
	/// The prompt leaves no room in the model's context.
	#[error("the prompt has {prompt} tokens, which leaves no room in a context of {context}")]
	TooLong {
		/// Its tokens.
		prompt: usize,
		/// The base's context, in tokens.
		context: usize,
	},
	/// The model ended its answer before the first word.
	#[error("the model ended its answer before the first word")]
	Empty,
	/// It can't be answered here and now.
	#[error("{0:?}")]
	Failed(Failure),
}

impl Unanswered {
	/// Whether nobody can answer the question, so that whoever says that they did is lying.
	pub fn is_certain(&self) -> bool {
		!matches!(self, Self::Failed(_))
	}
}

impl From<Failure> for Unanswered {
	fn from(failure: Failure) -> Self {
		Self::Failed(failure)
	}
}

impl From<Unanswered> for Failure {
	fn from(unanswered: Unanswered) -> Self {
		match unanswered {
			Unanswered::Failed(failure) => failure,
			Unanswered::TooLong { .. } => Self::PromptTooLong,
			Unanswered::NoPrompt(_) | Unanswered::Empty => Self::Engine(unanswered.to_string()),
		}
	}
}
