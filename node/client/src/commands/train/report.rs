//! A training for people: one HTML file that needs nothing else.

use super::{
	chart::{self, Line},
	material::Learning,
	progress::Point,
};
use crate::html::escape;
use anyhow::Result;
use openledger_attribution::dataset::Statistics;
use openlora::{
	Adapter, Base, GenerateOptions, TrainOptions, generate,
	train::{Example, Outcome},
};
use std::{fmt::Write, ops::ControlFlow};

/// Tokens of a sample answer.
const ANSWER: usize = 64;

/// What there is to tell.
pub struct Report<'a> {
	/// Names of what was trained on, and what they are.
	pub about: &'a [(String, String)],
	/// What was learnt.
	pub learning: &'a Learning,
	/// How.
	pub options: &'a TrainOptions,
	/// With what result.
	pub outcome: &'a Outcome,
	/// Every step.
	pub points: &'a [Point],
}

/// A prompt, answered before and after.
pub struct Sample {
	/// Whether it was kept from training.
	pub held_out: bool,
	prompt: String,
	expected: String,
	before: String,
	after: String,
}

/// Answers the first prompts that were kept from training, or else of the training.
pub fn samples(
	base: &Base,
	learning: &Learning,
	adapter: &Adapter,
	count: usize,
) -> Result<Vec<Sample>> {
	let held_out = !learning.validation.is_empty();
	let from = if held_out { &learning.validation } else { &learning.examples };
	let each = from.iter().take(count).map(|example: &Example| {
		let (prompt, rest) = example.tokens.split_at(example.answer_start);
		let end = example.given.first().map_or(rest.len(), |given| given.start - prompt.len());
		let answer = |adapter: Option<&Adapter>| -> Result<String> {
			let options = GenerateOptions::greedy(base, ANSWER);
			let found =
				generate(base, adapter, prompt, &options, &mut |_| ControlFlow::Continue(()))?;
			Ok(base.tokenizer.decode(&found.tokens)?)
		};
		Ok(Sample {
			held_out,
			prompt: base.tokenizer.decode(prompt)?,
			expected: base.tokenizer.decode(&rest[..end])?,
			before: answer(None)?,
			after: answer(Some(adapter))?,
		})
	});
	each.collect()
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>Training report</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;overflow-wrap:anywhere}
th{font-weight:600;white-space:nowrap}svg{width:100%;height:auto}svg text{font-size:11px;fill:#555}
.grid{stroke:#e4e4e4}polyline{fill:none;stroke-width:1.5}
polyline.train{stroke:#3465a4}circle.train,svg text.train{fill:#3465a4}
polyline.validation{stroke:#c4500a}circle.validation,svg text.validation{fill:#c4500a}
polyline.rate{stroke:#3a7d34}circle.rate,svg text.rate{fill:#3a7d34}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f6f6;padding:.5rem;margin:.25rem 0}
</style></head><body>
"#;

impl Report<'_> {
	/// The page.
	pub fn to_html(&self, samples: &[Sample]) -> String {
		let Outcome { step, steps, stopped_early, links, .. } = self.outcome;
		let mut page = HEAD.to_owned();
		let ended = match stopped_early {
			true => "training ended early, since the validation loss no longer fell",
			false => "training took all its steps",
		};
		let _ = write!(
			page,
			"<h1>Training report</h1><p>The adapter is that after step {step} of {steps}; {ended}.</p>"
		);
		let train = self.points.iter().map(|point| (point.step as f64, f64::from(point.loss)));
		let evaluated = links.iter().filter_map(|link| Some((link.step as f64, link.loss?.into())));
		let lines = [
			Line { name: "training loss", class: "train", points: train.collect() },
			Line { name: "validation loss", class: "validation", points: evaluated.collect() },
		];
		let shown = if lines[1].points.is_empty() { &lines[..1] } else { &lines[..] };
		let _ = write!(
			page,
			"<h2>Loss</h2><p>Nats per learnt token. That of training is of each step's examples before \
			 the step.</p>{}",
			chart::draw(shown, "steps")
		);
		let rates = self.points.iter().map(|point| (point.step as f64, point.lr)).collect();
		let rate = Line { name: "learning rate", class: "rate", points: rates };
		let _ = write!(page, "<h2>Learning rate</h2>{}", chart::draw(&[rate], "steps"));
		page += "<h2>Data</h2>";
		let mut rows = self.about.to_vec();
		rows.push(("training".into(), count(&self.learning.statistics)));
		if !self.learning.validation.is_empty() {
			rows.push(("validation".into(), count(&self.learning.validation_statistics)));
		}
		page += &table(&rows);
		page += "<h2>Options</h2>";
		page += &table(&self.options());
		page +=
			"<h2>Chain of checkpoints</h2><p>What openledger model verify-training repeats.</p>";
		let first = self.options.genesis.to_string();
		let last = links.last().map_or(String::new(), |link| link.hash.to_string());
		page += &table(&[
			("begins with".into(), first),
			("links".into(), links.len().to_string()),
			("last".into(), last),
		]);
		if let Some(sample) = samples.first() {
			let _ = write!(
				page,
				"<h2>Answers before and after</h2><p>Prompts {}, answered greedily, {ANSWER} tokens at \
				 most.</p>",
				if sample.held_out {
					"that were kept from training"
				} else {
					"of the training data"
				}
			);
		}
		for Sample { prompt, expected, before, after, .. } in samples {
			for (name, text) in
				[("Prompt", prompt), ("Expected", expected), ("Before", before), ("After", after)]
			{
				let _ = write!(page, "<b>{name}</b><pre>{}</pre>", escape(text));
			}
			page += "<hr>";
		}
		page + "</body></html>\n"
	}

	fn options(&self) -> Vec<(String, String)> {
		let of = self.options;
		let targets: Vec<_> = of.targets.iter().map(|module| module.name()).collect();
		let rows = [
			("rank", of.rank.to_string()),
			("alpha", of.alpha.to_string()),
			("scaling", if of.rslora { "alpha / √rank" } else { "alpha / rank" }.to_string()),
			("targets", targets.join(", ")),
			("dropout", of.dropout.to_string()),
			("precision", if of.half { "half" } else { "single" }.to_string()),
			("epochs", of.epochs.to_string()),
			("batch", of.batch.to_string()),
			("accumulate", of.accumulate.to_string()),
			("learning rate", of.lr.to_string()),
			("schedule", format!("{:?}", of.decay).to_lowercase()),
			("warmup", of.warmup.to_string()),
			("weight decay", of.weight_decay.to_string()),
			("clip", of.clip.to_string()),
			("evaluate every", of.evaluate_every.to_string()),
			("patience", of.patience.map_or("none".into(), |patience| patience.to_string())),
			("seed", of.seed.to_string()),
		];
		rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
	}
}

fn count(of: &Statistics) -> String {
	let Statistics { examples, tokens, learnt, longest, cut, left_out } = of;
	format!(
		"{examples} examples, {tokens} tokens, {learnt} of them learnt; the longest has {longest}; \
		 {cut} were cut off, {left_out} left out"
	)
}

fn table(rows: &[(String, String)]) -> String {
	let rows = rows.iter().map(|(name, value)| {
		format!("<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(value))
	});
	format!("<table>{}</table>", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
	use super::*;
	use openlora::{
		PeftConfig, testing,
		train::{Data, fit},
	};

	const HOSTILE: &str = "</pre><script src=\"http://e.example\">alert('x')</script>&amp;\u{0}";

	fn page(samples: usize) -> String {
		let base = testing::tiny_base(1);
		let example = |text: &str| {
			let tokens = base.tokenizer.encode(text, false).unwrap();
			Example::new(tokens, 3)
		};
		let learning = Learning {
			examples: vec![example("on the other hand")],
			validation: vec![example("in the <b>other")],
			statistics: Statistics { examples: 1, ..Default::default() },
			validation_statistics: Statistics::default(),
		};
		let options = TrainOptions { rank: 2, epochs: 3, ..TrainOptions::default() };
		let data = Data { examples: &learning.examples, validation: &learning.validation };
		let outcome = fit(&base, data, &options, &mut |_| ControlFlow::Continue(())).unwrap();
		let points: Vec<_> =
			(1..=3).map(|step| Point { step, loss: 3.0 / step as f32, lr: 0.001 }).collect();
		let about = [(format!("file {HOSTILE}"), HOSTILE.to_owned())];
		let report = Report {
			about: &about,
			learning: &learning,
			options: &options,
			outcome: &outcome,
			points: &points,
		};
		let mut found = samples_of(&base, &learning, samples);
		for sample in &mut found {
			sample.before = HOSTILE.into();
		}
		report.to_html(&found)
	}

	fn samples_of(base: &Base, learning: &Learning, count: usize) -> Vec<Sample> {
		let config = PeftConfig::new(2, 4.0, openlora::Module::ALL).unwrap();
		let adapter = Adapter::init(&base.config, config, 1).unwrap();
		samples(base, learning, &adapter, count).unwrap()
	}

	#[test]
	fn page_holds_curves_options_data_and_samples_and_needs_nothing_else() {
		let page = page(5);
		for part in [
			"training loss",
			"validation loss",
			"learning rate",
			"kept from training",
			"<th>rank</th>",
		] {
			assert!(page.contains(part), "{part}");
		}
		for outside in ["src=\"", "href=", "@import", "url(", "<script"] {
			assert!(!page.contains(outside), "{outside}");
		}
	}

	#[test]
	fn texts_are_escaped_wherever_they_come_from() {
		let page = page(1);
		assert!(!page.contains("</pre><script") && !page.contains("<b>other"));
		assert_eq!(page.matches("&lt;/pre&gt;&lt;script src=&quot;").count(), 3);
		assert!(page.contains("&amp;amp;\u{fffd}"));
	}

	#[test]
	fn page_has_no_samples_when_none_are_asked_for() {
		assert!(!page(0).contains("before and after"));
	}
}
