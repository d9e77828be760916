//! What attacks on the rule gain: adapters are trained again on what attackers contribute, and everybody is
//! paid as the chain pays. `docs/attacks.md` says what the attacks are and has the results.

mod attack;
mod bait;
mod choice;
mod copying;
mod heads;
mod market;
mod measure;
mod notes;
mod operator;
mod outliers;
mod payer;
mod poison;
mod service;
mod splitting;
#[cfg(test)]
mod tests;
mod verbatim;

#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod shared;

use attack::Attack;
use market::Ground;
use notes::Notes;
use openlora::Base;
use serde_json::json;
use service::{Cheat, Service};
use shared::{Failure, data, paid, stats, training};
use std::path::Path;

const USAGE: &str = "usage: attacks FOLDER WORK DRAWS

Runs each attack against the honest records of FOLDER (base and data of the example ground_truth), DRAWS times
by different attackers, and prints one JSON object. WORK is where it notes what it has done, to go on from.";

/// The attacks by records.
fn attacks() -> Vec<Box<dyn Attack>> {
	vec![
		Box::new(copying::Exact),
		Box::new(copying::OtherBytes),
		Box::new(copying::Padded { apart: false }),
		Box::new(copying::Padded { apart: true }),
		Box::new(copying::Paraphrase),
		Box::new(heads::Templates),
		Box::new(splitting::Splitting),
		Box::new(outliers::Gibberish),
		Box::new(outliers::Repetition),
		Box::new(bait::Phrases),
		Box::new(poison::WrongAnswers),
	]
}

impl Ground {
	/// Reads base and data of a folder.
	fn open(folder: &Path) -> Result<Self, Failure> {
		let base = Base::load(&folder.join("base"))?;
		let data = data::Data::read(&base, &folder.join("data"))?;
		Ok(Self { base, data })
	}
}

fn main() -> Result<(), Failure> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let [folder, work, draws] = &arguments[..] else {
		eprintln!("{USAGE}");
		std::process::exit(2);
	};
	let ground = Ground::open(Path::new(folder))?;
	let owners = measure::owners(&ground, draws.parse()?);
	let notes = Notes::open(Path::new(work))?;
	let honest = ground.outcomes(&ground.honest())?;
	let mut rows = measure::rows(&ground, &honest, &attacks(), &owners, &notes)?;
	let service = Service::new(&ground, &honest.ours.model)?;
	let choice = choice::Choice::new(&service)?;
	let cheats: [&dyn Cheat; 5] = [
		&operator::Forged,
		&operator::LeftOut,
		&operator::OtherQuery,
		&choice,
		&payer::OwnQuestions,
	];
	for cheat in cheats {
		rows.push(service.row(cheat, &owners)?);
	}
	let found = json!({
		"draws": owners.len(),
		"queries": service.queries.len(),
		"attacks": rows,
		"fee_returned": payer::returned(&service, &owners),
	});
	println!("{found}");
	Ok(())
}
