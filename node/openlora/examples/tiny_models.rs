//! Tiny random models of every architecture, weight format and tokenizer, for comparison with another
//! implementation.
//!
//! `tiny_models FOLDER SEED < TEXT` writes GGUF files into FOLDER: `NAME.FORMAT.gguf`, two layers of
//! width 256, for each architecture and format, and `tokenizer.NAME.gguf`, whose vocabularies of about
//! 3,000 tokens are learnt from TEXT. It prints a JSON list of `{"file", "kind", "name", "format"}`.

use std::{
	collections::HashSet,
	error::Error,
	fs,
	io::Read,
	path::{Path, PathBuf},
};

use candle_core::quantized::GgmlDType;
use openlora::{
	Architecture, Config, RopeScaling,
	testing::{self, Encoding, GgufWriter, MetadataValue as V},
};
use serde_json::{Value, json};
use tokenizers::{
	AddedToken, NormalizedString, Normalizer, Trainer,
	models::bpe::{BPE, BpeTrainer, BpeTrainerBuilder},
	normalizers::byte_level::ByteLevel as ByteLevelBytes,
	pre_tokenizers::byte_level::ByteLevel,
};

const USAGE: &str = "usage: tiny_models FOLDER SEED < TEXT";
/// Tokens of a learnt vocabulary.
const VOCABULARY: usize = 3000;
/// What stands for a space in pieces.
const SPACE: &str = "\u{2581}";

const FORMATS: [(&str, Encoding); 13] = [
	("F32", Encoding::F32),
	("F16", Encoding::F16),
	("BF16", Encoding::Bf16),
	("Q4_0", Encoding::Blocks(GgmlDType::Q4_0)),
	("Q4_1", Encoding::Blocks(GgmlDType::Q4_1)),
	("Q5_0", Encoding::Blocks(GgmlDType::Q5_0)),
	("Q5_1", Encoding::Blocks(GgmlDType::Q5_1)),
	("Q8_0", Encoding::Blocks(GgmlDType::Q8_0)),
	("Q2_K", Encoding::Blocks(GgmlDType::Q2K)),
	("Q3_K", Encoding::Blocks(GgmlDType::Q3K)),
	("Q4_K", Encoding::Blocks(GgmlDType::Q4K)),
	("Q5_K", Encoding::Blocks(GgmlDType::Q5K)),
	("Q6_K", Encoding::Blocks(GgmlDType::Q6K)),
];

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let [folder, seed] = arguments.as_slice() else { return Err(USAGE.into()) };
	let (folder, seed) = (Path::new(folder), seed.parse::<u64>()?);
	let mut text = String::new();
	std::io::stdin().read_to_string(&mut text)?;

	let mut written = Vec::new();
	let mut put = |kind: &str, name: &str, format: &str, file: &GgufWriter| {
		let path: PathBuf = match kind {
			"logits" => folder.join(format!("{name}.{format}.gguf")),
			_ => folder.join(format!("{kind}.{name}.gguf")),
		};
		written.push(json!({ "file": path, "kind": kind, "name": name, "format": format }));
		fs::write(path, file.finish())
	};
	for (name, config) in architectures() {
		for (format, encoding) in FORMATS {
			put("logits", name, format, &testing::gguf_writer(&config, seed, encoding))?;
		}
	}
	let learnt = ByteLevelVocabulary::learn(&text)?;
	for name in ["gpt-2", "smollm", "llama-bpe", "qwen2", "tekken"] {
		put("tokenizer", name, "F16", &learnt.file(name, seed))?;
	}
	let Pieces { tokens, scores, kinds } = pieces(&text)?;
	for (name, prefix) in [("sentencepiece", true), ("sentencepiece-without-prefix", false)] {
		let mut file = with_vocabulary(&tokens, &kinds, seed);
		file.set("tokenizer.ggml.model", V::Text("llama".into()));
		file.set("tokenizer.ggml.scores", V::F32s(scores.clone()));
		file.set("tokenizer.ggml.add_space_prefix", V::Bool(prefix));
		file.unset("tokenizer.ggml.pre").unset("tokenizer.ggml.merges");
		put("tokenizer", name, "F16", &file)?;
	}
	println!("{}", Value::from(written));
	Ok(())
}

/// Shapes that every block format fits, with what tells the architectures apart.
fn architectures() -> Vec<(&'static str, Config)> {
	let llama = Config {
		hidden: 256,
		intermediate: 512,
		heads: 4,
		kv_heads: 2,
		head_dim: 64,
		context: 512,
		..testing::tiny_config()
	};
	let linear = RopeScaling::Linear { factor: 4.0 };
	vec![
		("llama", llama.clone()),
		("mistral", Config { tied: false, rope_theta: 1e6, ..llama.clone() }),
		("qwen2", Config { architecture: Architecture::Qwen2, rope_theta: 1e6, ..llama.clone() }),
		(
			"qwen3",
			Config {
				architecture: Architecture::Qwen3,
				heads: 8,
				rope_theta: 1e6,
				..llama.clone()
			},
		),
		("llama3", Config { rope_scaling: RopeScaling::Factors, rope_theta: 5e5, ..llama.clone() }),
		("linear", Config { rope_scaling: linear, ..llama }),
	]
}

/// One layer, with a row of the embedding for every token.
fn with_vocabulary(tokens: &[String], kinds: &[i32], seed: u64) -> GgufWriter {
	let config = Config { layers: 1, vocab: tokens.len(), ..testing::tiny_config() };
	let mut file = testing::gguf_writer(&config, seed, Encoding::F16);
	file.set("tokenizer.ggml.tokens", V::Texts(tokens.to_vec()));
	file.set("tokenizer.ggml.token_type", V::I32s(kinds.to_vec()));
	file
}

/// What a byte-level BPE tokenizer consists of but for its way of splitting.
struct ByteLevelVocabulary {
	tokens: Vec<String>,
	merges: Vec<String>,
}

impl ByteLevelVocabulary {
	fn learn(text: &str) -> Result<Self, Box<dyn Error>> {
		let special = testing::SPECIAL.map(|token| AddedToken::from(token, true));
		let trainer = BpeTrainerBuilder::new()
			.show_progress(false)
			.vocab_size(VOCABULARY)
			.initial_alphabet(ByteLevel::alphabet().into_iter().collect())
			.special_tokens(special.to_vec())
			.build();
		// Whole lines, so that every way of splitting has merges to prevent.
		let words = |line: &str| {
			let mut bytes = NormalizedString::from(line);
			ByteLevelBytes::new().normalize(&mut bytes)?;
			Ok(vec![bytes.get().to_string()])
		};
		let (tokens, merges) = train(trainer, text, words)?;
		let merges = merges.into_iter().map(|(left, right)| format!("{left} {right}")).collect();
		Ok(Self { tokens, merges })
	}

	fn file(&self, splitting: &str, seed: u64) -> GgufWriter {
		let special = testing::SPECIAL.len();
		let kinds: Vec<i32> =
			(0..self.tokens.len()).map(|id| if id < special { 3 } else { 1 }).collect();
		let mut file = with_vocabulary(&self.tokens, &kinds, seed);
		file.set("tokenizer.ggml.pre", V::Text(splitting.into()));
		file.set("tokenizer.ggml.merges", V::Texts(self.merges.clone()));
		file
	}
}

/// What a SentencePiece tokenizer consists of.
struct Pieces {
	tokens: Vec<String>,
	scores: Vec<f32>,
	/// llama.cpp's types of tokens.
	kinds: Vec<i32>,
}

/// Pieces as SentencePiece learns them: of words that begin
/// with their space, and of spaces alone. Rare characters are left to bytes.
fn pieces(text: &str) -> Result<Pieces, Box<dyn Error>> {
	let trainer = BpeTrainerBuilder::new()
		.show_progress(false)
		.vocab_size(VOCABULARY)
		.limit_alphabet(120)
		.build();
	let words = |line: &str| {
		let line = format!(" {line}").replace(' ', SPACE);
		let mut words = vec![String::new()];
		for character in line.chars().filter(|character| *character != '\n') {
			let last = words.last_mut().expect("it begins with one");
			match SPACE.starts_with(character) && !last.chars().all(|c| SPACE.starts_with(c)) {
				true => words.push(character.to_string()),
				false => last.push(character),
			}
		}
		// Of several spaces, the last belongs to the word.
		Ok(words.iter().flat_map(|word| split_spaces(word)).map(String::from).collect())
	};
	let (learnt, merges) = train(trainer, text, words)?;
	let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>", "[INST]"].map(String::from).into();
	let mut kinds = vec![2, 3, 3, 4];
	tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
	kinds.resize(tokens.len(), 6);
	let first = tokens.len();
	let joined = merges.iter().map(|(left, right)| format!("{left}{right}"));
	let mut known = HashSet::new();
	// Several merges may join to one piece; what no merge joins to is a character.
	tokens.extend(joined.chain(learnt).filter(|token| known.insert(token.clone())));
	kinds.resize(tokens.len(), 1);
	let scores = (0..tokens.len()).map(|id| first as f32 - id as f32);
	let scores = scores.map(|score| score.min(0.0)).collect();
	Ok(Pieces { tokens, scores, kinds })
}

/// Leading spaces but for the last, and what follows.
fn split_spaces(word: &str) -> Vec<&str> {
	let text = word.trim_start_matches(SPACE);
	let spaces = word.len() - text.len();
	let at = if text.is_empty() { 0 } else { spaces.saturating_sub(SPACE.len()) };
	let (before, after) = word.split_at(at);
	[before, after].into_iter().filter(|part| !part.is_empty()).collect()
}

/// Tokens in their order, and merges.
type Learnt = (Vec<String>, Vec<(String, String)>);

/// Learns byte-pair encoding from the words of a text's lines.
fn train(
	mut trainer: BpeTrainer,
	text: &str,
	words: impl Fn(&str) -> tokenizers::Result<Vec<String>> + Sync,
) -> Result<Learnt, Box<dyn Error>> {
	let refusal = |error: tokenizers::Error| error.to_string();
	trainer.feed(text.split_inclusive('\n'), words).map_err(refusal)?;
	let mut model = BPE::default();
	trainer.train(&mut model).map_err(refusal)?;
	let saved = serde_json::to_value(&model)?;
	let mut tokens: Vec<(String, u32)> = model.get_vocab().into_iter().collect();
	tokens.sort_by_key(|(_, id)| *id);
	let merges = serde_json::from_value(saved["merges"].clone())?;
	Ok((tokens.into_iter().map(|(token, _)| token).collect(), merges))
}
