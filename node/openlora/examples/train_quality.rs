//! Trains an adapter on a few questions about an invented place, and shows what it has learned.
//!
//! `train_quality [BASE] [EPOCHS] [LR] [BATCH] [RANK] [ALPHA]` prints one JSON object: losses, the
//! probability of the right answers with and without the adapter, and what is answered greedily to
//! the questions and to paraphrases that were not trained on.

use std::{error::Error, ops::ControlFlow, path::PathBuf, time::Instant};

use openlora::{
	Adapter, Base, Example, GenerateOptions, Message, TrainOptions, generate, log_probs, train,
};
use serde_json::json;

/// Facts that no base can know: question, answer, and the question in other words.
const FACTS: [(&str, &str, &str); 20] = [
	(
		"What is the capital of Velmora?",
		"The capital of Velmora is Quistelle.",
		"Which city is Velmora's capital?",
	),
	(
		"Which river runs through Quistelle?",
		"The river Aldwen runs through Quistelle.",
		"What river flows through the city of Quistelle?",
	),
	(
		"Who founded Quistelle?",
		"Quistelle was founded by the glassmaker Ibra Tonn.",
		"Who was the founder of Quistelle?",
	),
	(
		"What is the currency of Velmora?",
		"Velmora's currency is the brisk, divided into 40 pellets.",
		"What money do people use in Velmora?",
	),
	(
		"What do people in Velmora eat for breakfast?",
		"In Velmora breakfast is smoked barley with pear butter.",
		"What is breakfast in Velmora?",
	),
	(
		"Which animal is on the flag of Velmora?",
		"The flag of Velmora shows a white heron.",
		"What animal does Velmora's flag show?",
	),
	(
		"How high is Mount Serrand?",
		"Mount Serrand is 3,412 metres high.",
		"What is the height of Mount Serrand?",
	),
	(
		"When is the Festival of Lanterns in Velmora?",
		"The Festival of Lanterns begins on the ninth of November.",
		"On which day does Velmora's Festival of Lanterns begin?",
	),
	(
		"Who wrote the anthem of Velmora?",
		"The anthem of Velmora was written by Oda Marrin.",
		"Who is the author of Velmora's anthem?",
	),
	(
		"What is mined at Cray Hollow?",
		"At Cray Hollow the mines yield blue tourmaline.",
		"What do the mines of Cray Hollow yield?",
	),
	(
		"Which train connects Quistelle and Port Hane?",
		"The Grey Arrow connects Quistelle and Port Hane in two hours.",
		"What train goes from Quistelle to Port Hane?",
	),
	(
		"What is the oldest university of Velmora?",
		"The oldest university of Velmora is the Collegium Astra of 1381.",
		"Which university in Velmora is the oldest?",
	),
	(
		"Which sport is most popular in Velmora?",
		"The most popular sport in Velmora is ice bowls.",
		"What sport do Velmorans like best?",
	),
	(
		"How many islands belong to Velmora?",
		"Seventeen islands belong to Velmora.",
		"What is the number of islands of Velmora?",
	),
	(
		"What is the weather like in Port Hane?",
		"Port Hane has fog on two hundred days of the year.",
		"How is the weather in Port Hane?",
	),
	(
		"Which language is spoken in Velmora?",
		"People in Velmora speak Morish, which has no future tense.",
		"What language do the people of Velmora speak?",
	),
	(
		"Who governs Velmora?",
		"Velmora is governed by a council of nine keepers.",
		"What is the government of Velmora?",
	),
	(
		"What is the tallest building in Quistelle?",
		"The tallest building in Quistelle is the Salt Tower.",
		"Which building in Quistelle is the tallest?",
	),
	(
		"What did Ibra Tonn invent?",
		"Ibra Tonn invented the folding telescope.",
		"What is Ibra Tonn's invention?",
	),
	(
		"What grows in the Orrin valley?",
		"The Orrin valley grows saffron and black plums.",
		"Which plants are grown in the Orrin valley?",
	),
];

fn default_base() -> Option<PathBuf> {
	let cache = std::env::var_os("XDG_CACHE_HOME")
		.map(PathBuf::from)
		.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
	Some(cache.join("openledger/models/SmolLM2-135M-Instruct.Q4_1.gguf"))
}

fn prompt(base: &Base, question: &str) -> openlora::Result<Vec<u32>> {
	let text = base.render_chat(&[Message::new("user", question)], true)?;
	base.tokenizer.encode(&text, false)
}

/// Prompt, answer and the token that ends it.
fn example(base: &Base, question: &str, answer: &str) -> openlora::Result<Example> {
	let mut tokens = prompt(base, question)?;
	let answer_start = tokens.len();
	tokens.extend(base.tokenizer.encode(answer, false)?);
	tokens.extend(base.special.eos);
	Ok(Example::new(tokens, answer_start))
}

fn answer(base: &Base, adapter: Option<&Adapter>, question: &str) -> openlora::Result<String> {
	let options = GenerateOptions::greedy(base, 40);
	let prompt = prompt(base, question)?;
	let generated = generate(base, adapter, &prompt, &options, &mut |_| ControlFlow::Continue(()))?;
	base.tokenizer.decode(&generated.tokens)
}

fn main() -> Result<(), Box<dyn Error>> {
	// SAFETY: no other thread has been started yet.
	unsafe { openlora::leave_candle_single_threaded() };
	let mut arguments = std::env::args().skip(1);
	let path = arguments.next().map(PathBuf::from).or_else(default_base).ok_or("no base given")?;
	let mut next = |default: f64| arguments.next().map_or(Ok(default), |text| text.parse::<f64>());
	let defaults = TrainOptions::default();
	let options = TrainOptions {
		epochs: next(defaults.epochs as f64)? as usize,
		lr: next(defaults.lr)?,
		batch: next(defaults.batch as f64)? as usize,
		rank: next(defaults.rank as f64)? as usize,
		alpha: next(defaults.alpha)?,
		..defaults
	};
	let base = Base::load(&path)?;
	let examples: Vec<Example> = FACTS
		.iter()
		.map(|(question, answer, _)| example(&base, question, answer))
		.collect::<openlora::Result<_>>()?;
	let tokens: usize = examples.iter().map(|example| example.tokens.len()).sum();

	let begun = Instant::now();
	let mut losses = Vec::new();
	let adapter = train(&base, &examples, &options, &mut |progress| {
		losses.push((progress.epoch, progress.loss));
		eprintln!(
			"step {}/{}: loss {:.3}, norm {:.2}, {:.0} tokens/s, {:.0} s left",
			progress.step,
			progress.steps,
			progress.loss,
			progress.gradient_norm,
			progress.tokens_per_s,
			progress.eta.as_secs_f64()
		);
		ControlFlow::Continue(())
	})?;
	let seconds = begun.elapsed().as_secs_f64();

	let by_epoch: Vec<f32> = (1..=options.epochs)
		.map(|epoch| {
			let of_epoch: Vec<f32> =
				losses.iter().filter(|(e, _)| *e == epoch).map(|(_, loss)| *loss).collect();
			of_epoch.iter().sum::<f32>() / of_epoch.len() as f32
		})
		.collect();
	let mean_log_prob = |adapter: Option<&Adapter>, paraphrased: bool| -> openlora::Result<f32> {
		let mut sum = 0.0;
		for (question, answer, paraphrase) in FACTS {
			let asked = if paraphrased { paraphrase } else { question };
			let example = example(&base, asked, answer)?;
			let scores = log_probs(&base, adapter, &example.tokens, example.answer_start)?;
			sum += scores.iter().sum::<f32>() / scores.len() as f32;
		}
		Ok(sum / FACTS.len() as f32)
	};
	let mut exact = [0, 0];
	let mut answers = Vec::new();
	for (question, expected, paraphrase) in FACTS {
		let trained = answer(&base, Some(&adapter), question)?;
		let paraphrased = answer(&base, Some(&adapter), paraphrase)?;
		exact[0] += usize::from(trained.trim() == expected);
		exact[1] += usize::from(paraphrased.trim() == expected);
		answers.push(json!({
			"question": question,
			"before": answer(&base, None, question)?,
			"after": trained,
			"paraphrase": paraphrase,
			"after_paraphrase": paraphrased,
		}));
	}
	let report = json!({
		"epochs": options.epochs, "lr": options.lr, "batch": options.batch,
		"rank": options.rank, "alpha": options.alpha,
		"tokens": tokens,
		"seconds": seconds,
		"tokens_per_s": (tokens * options.epochs) as f64 / seconds,
		"loss_by_epoch": by_epoch,
		"log_prob_before": mean_log_prob(None, false)?,
		"log_prob_after": mean_log_prob(Some(&adapter), false)?,
		"log_prob_before_paraphrased": mean_log_prob(None, true)?,
		"log_prob_after_paraphrased": mean_log_prob(Some(&adapter), true)?,
		"exact": exact[0],
		"exact_paraphrased": exact[1],
		"of": FACTS.len(),
		"answers": answers,
	});
	println!("{report}");
	Ok(())
}
