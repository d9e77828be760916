//! Judges attribution by retraining: adapters are trained again without parts of the data, and every
//! estimator is asked what that would do. `docs/attribution-report` has the protocol and the results.

mod contributors;
mod judge;
mod lds;
mod mislabel;
mod recall;
mod removal;
mod runs;
mod setting;
mod table;
mod variants;

#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each example needs a part of it")]
mod shared;

use runs::Run;
use serde_json::{Value, json};
use setting::Setting;
use shared::{Failure, data, paid, stats, training};
use std::{
	collections::BTreeMap,
	path::Path,
	time::{SystemTime, UNIX_EPOCH},
};
use table::Table;

const USAGE: &str = "usage: ground_truth train|check|judge|choose FOLDER

train   trains what the table of retrained losses lacks; can be interrupted, and goes on where it was
check   trains two entries of the table again and compares their bits
judge   holds every estimator against the table
choose  compares variants on the queries that are kept for choosing

FOLDER has the base (base), the data (data) and the table (table.txt). Results are one JSON object.";

/// Trains two runs of the table again, different ones each time.
fn check(setting: &Setting) -> Result<Value, Failure> {
	let table = Table::read(&setting.table)?;
	let queries = setting.queries(&setting.whole()?)?;
	let runs: Vec<&Run> = table.0.keys().collect();
	if runs.is_empty() {
		return Err("there is no table; run `ground_truth train` first".into());
	}
	let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as usize;
	let mut found = BTreeMap::new();
	for run in [runs[now % runs.len()], runs[(now / runs.len()) % runs.len()]] {
		let adapter = run.train(&setting.base, &setting.data)?;
		let again = setting.losses(&adapter, &queries)?;
		let bits = |losses: &[f32]| losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>();
		found.insert(run.to_string(), bits(&again) == bits(table.losses(run)?));
	}
	Ok(json!({ "retrained_to_the_bit": found.values().all(|same| *same), "retrained": found }))
}

fn main() -> Result<(), Failure> {
	let mut arguments = std::env::args().skip(1);
	let (Some(command), Some(folder)) = (arguments.next(), arguments.next()) else {
		eprintln!("{USAGE}");
		std::process::exit(2);
	};
	let setting = Setting::open(Path::new(&folder))?;
	let result = match command.as_str() {
		"train" => {
			setting.train(&Run::all())?;
			json!({ "runs": Run::all().len() })
		}
		"check" => check(&setting)?,
		"judge" => judge::judge(&setting)?,
		"choose" => judge::choose(&setting)?,
		other => return Err(format!("{other:?} is no command; {USAGE}").into()),
	};
	println!("{result}");
	Ok(())
}
