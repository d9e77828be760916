//! `openledger economics`: who paid and who earned what over a period.

use super::{
	economics_books::{
		Books, Claims, Earner, Fees, Inference, Models, Penalties, Role, Staking, Units, signed,
		total,
	},
	economics_ledger::Ledger,
	train::console,
};
use crate::{
	Context, amount,
	chain::economics::{Past, is_pruned},
	output,
};
use anyhow::{Context as _, Result, bail};
use futures::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_primitives_core::BlockNumber;
use serde::Serialize;
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	collections::{BTreeMap, BTreeSet},
	time::Duration,
};
use tabled::Tabled;

/// Blocks of a period that nothing is said about: ten minutes, which every node still knows.
const BLOCKS: u32 = 200;
/// Blocks read one after the other in one go.
const RUN: usize = 16;
/// Goes at the same time.
const AT_ONCE: usize = 8;

/// Show who paid and who earned what over a period, from the chain alone.
///
/// Reads the events of every finalised block of the period, each as the runtime of its time wrote
/// them, and adds up fees, rewards, staking, penalties and what was minted and burned. At the end
/// it compares the change of the total issuance with what the events say, and fails if the two
/// differ.
///
/// A node forgets the state of blocks some ten minutes old unless it runs with --state-pruning
/// archive: ask one that does for longer periods.
#[derive(clap::Args)]
pub struct Economics {
	/// The period's first block.
	#[arg(long, value_name = "BLOCK", conflicts_with_all = ["blocks", "last"])]
	from: Option<BlockNumber>,
	/// The period's length in blocks; 200 where nothing else is said.
	#[arg(long, value_name = "N", conflicts_with = "last", value_parser = clap::value_parser!(u32).range(1..))]
	blocks: Option<u32>,
	/// The period's length in time, such as 90s, 30m, 12h or 7d.
	#[arg(long, value_name = "DURATION", value_parser = duration)]
	last: Option<Duration>,
	/// The period's last block; the newest finalised one where nothing else is said.
	#[arg(long, value_name = "BLOCK")]
	to: Option<BlockNumber>,
	/// How many of the accounts that earned most to list.
	#[arg(long, value_name = "N", default_value_t = 10)]
	top: usize,
}

/// What was found. Sections are missing where the chain has no such pallet.
#[derive(Serialize)]
struct Report {
	from: BlockNumber,
	to: BlockNumber,
	blocks: u32,
	/// From the parent of the first block to the last one.
	seconds: Option<u64>,
	#[serde(skip_serializing_if = "Option::is_none")]
	transaction_fees: Option<Fees>,
	#[serde(skip_serializing_if = "Option::is_none")]
	inference: Option<Inference>,
	#[serde(skip_serializing_if = "Option::is_none")]
	claims: Option<Claims>,
	#[serde(skip_serializing_if = "Option::is_none")]
	penalties: Option<Penalties>,
	#[serde(skip_serializing_if = "Option::is_none")]
	models: Option<Models>,
	#[serde(skip_serializing_if = "Option::is_none")]
	staking: Option<Staking>,
	issuance: Issuance,
	/// Events of known names whose fields this client does not know, and how many.
	#[serde(skip_serializing_if = "BTreeMap::is_empty")]
	unread_events: BTreeMap<String, u64>,
	earners: usize,
	top: Vec<Shown>,
}

/// The total issuance, and what moved it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Issuance {
	before: Units,
	after: Units,
	/// After less before.
	change: String,
	minted: BTreeMap<&'static str, Units>,
	burned: BTreeMap<&'static str, Units>,
	/// What the change is beyond what the events say.
	unexplained: String,
	adds_up: bool,
}

/// One of those that earned most.
#[derive(Serialize)]
struct Shown {
	account: String,
	total: Units,
	by: BTreeMap<Role, Units>,
}

impl Economics {
	/// Runs the command.
	pub async fn run(self, context: &Context) -> Result<()> {
		let output = context.output();
		let chain = context.chain().await?;
		let past = Past::new(&chain);
		let (from, to) = self.period(&past).await?;
		// Fails at once where the node no longer knows the beginning.
		let before = past.issuance(from - 1).await?;
		let after = past.issuance(to).await?;
		// The chain's first block does not say when it was made.
		let start = match past.time(from - 1).await? {
			None => past.time(from).await?,
			start => start,
		};
		let end = past.time(to).await?;
		let seconds = start.zip(end).map(|(start, end)| end.saturating_sub(start) / 1_000);
		let mut ledger = Ledger::new(past.treasuries(to).await?);
		let mut pallets = BTreeSet::new();
		let mut unread_events = BTreeMap::new();
		let length = to - from + 1;
		let bar = if output.json && !console() {
			ProgressBar::hidden()
		} else {
			ProgressBar::new(length.into())
		};
		bar.set_style(ProgressStyle::with_template(
			"reading blocks {wide_bar} {pos}/{len}, {eta} left",
		)?);
		let mut runs = futures::stream::iter((from..=to).step_by(RUN))
			.map(|first| past.blocks(first, to.min(first.saturating_add(RUN as u32 - 1))))
			.buffered(AT_ONCE);
		while let Some(blocks) = runs.try_next().await? {
			for block in blocks {
				ledger.block(block.facts);
				if !block.pallets.is_subset(&pallets) {
					pallets.extend(block.pallets.iter().cloned());
				}
				for (event, count) in block.unread {
					*unread_events.entry(event).or_default() += count;
				}
				bar.inc(1);
			}
		}
		bar.finish_and_clear();
		let books = ledger.close();
		let issuance = issuance(before, after, &books);
		let report = Report {
			from,
			to,
			blocks: length,
			seconds,
			issuance,
			unread_events,
			earners: books.earned.len(),
			top: books.top(self.top).into_iter().map(Shown::from).collect(),
			transaction_fees: has(&pallets, "TransactionPayment", books.fees),
			inference: has(&pallets, "Inference", books.inference),
			claims: has(&pallets, "Rewards", books.claims),
			penalties: has(&pallets, "Inference", books.penalties),
			models: has(&pallets, "Models", books.models),
			staking: has(&pallets, "Staking", books.staking),
		};
		output.show(&report, text);
		if !report.issuance.adds_up {
			bail!(
				"the total issuance changed by more or less than the events say: something minted or burned without one, or this client does not know the event"
			);
		}
		Ok(())
	}

	/// The first and the last block.
	async fn period(&self, past: &Past<'_>) -> Result<(BlockNumber, BlockNumber)> {
		let finalised = past.finalised().await?;
		let to = match self.to {
			Some(to) if to > finalised => bail!(
				"block {to} is not there yet, or not final: the newest finalised block is {finalised}"
			),
			Some(to) => to,
			None => finalised,
		};
		if let Some(from) = self.from.filter(|from| *from > to) {
			bail!(match self.to {
				Some(_) => format!("the period ends before it begins: --from {from} --to {to}"),
				None => format!(
					"block {from} is not there yet, or not final: the newest finalised block is {to}"
				),
			});
		}
		if to == 0 {
			bail!("the chain has its first block alone, in which nothing is paid");
		}
		let from = match (self.from, self.last) {
			// In the first block nothing is paid: it has no parent to have had a state before.
			(Some(from), _) => from.max(1),
			(None, Some(last)) => since(past, to, last).await?,
			(None, None) => {
				to.saturating_sub(self.blocks.unwrap_or(BLOCKS)).saturating_add(1).max(1)
			}
		};
		Ok((from, to))
	}
}

/// The first block made within `last` of block `to`.
async fn since(past: &Past<'_>, to: BlockNumber, last: Duration) -> Result<BlockNumber> {
	let end = past.time(to).await?.context("the chain does not say when its blocks were made")?;
	let start = end.saturating_sub(last.as_millis().try_into().unwrap_or(u64::MAX));
	// What the node has forgotten is taken for earlier; if the period reaches there, reading it
	// says so.
	let within = async |number: BlockNumber| match past.time(number).await {
		Ok(time) => Ok(time.is_some_and(|time| time > start)),
		Err(error) if is_pruned(&error) => Ok(false),
		Err(error) => Err(error),
	};
	let mut inside = to;
	let mut step = 1;
	let mut outside = loop {
		let earlier = inside.saturating_sub(step);
		if earlier == 0 || !within(earlier).await? {
			break earlier;
		}
		inside = earlier;
		step = step.saturating_mul(2);
	};
	while inside - outside > 1 {
		let middle = outside + (inside - outside) / 2;
		if within(middle).await? {
			inside = middle;
		} else {
			outside = middle;
		}
	}
	Ok(inside)
}

/// Reads a length of time: a whole number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
	let wrong =
		|| format!("'{text}' is no length of time: write a number and s, m, h or d, such as 30m");
	let unit = text.chars().last().ok_or_else(wrong)?;
	let seconds: u64 = match unit {
		's' => 1,
		'm' => 60,
		'h' => 3_600,
		'd' => 86_400,
		_ => return Err(wrong()),
	};
	let number = text[..text.len() - unit.len_utf8()].parse::<u64>().map_err(|_| wrong())?;
	match number.checked_mul(seconds) {
		None | Some(0) => Err(wrong()),
		Some(seconds) => Ok(Duration::from_secs(seconds)),
	}
}

fn has<T>(pallets: &BTreeSet<String>, pallet: &str, section: T) -> Option<T> {
	pallets.contains(pallet).then_some(section)
}

fn issuance(before: u128, after: u128, books: &Books) -> Issuance {
	let change = signed(after, before);
	let unexplained = change.saturating_sub(books.supply.change());
	Issuance {
		before: Units(before),
		after: Units(after),
		change: change.to_string(),
		minted: books.supply.minted.clone(),
		burned: books.supply.burned.clone(),
		unexplained: unexplained.to_string(),
		adds_up: unexplained == 0,
	}
}

impl From<Earner> for Shown {
	fn from(earner: Earner) -> Self {
		Self {
			account: AccountId32::new(earner.account).to_ss58check(),
			total: earner.total,
			by: earner.by,
		}
	}
}

#[derive(Tabled)]
struct Row {
	source: String,
	what: String,
	amount: String,
}

#[derive(Tabled)]
struct EarnerRow {
	account: String,
	earned: String,
	#[tabled(rename = "as")]
	roles: String,
}

/// Rows of the table, by section.
#[derive(Default)]
struct Rows(Vec<Row>);

impl Rows {
	fn section(&mut self, source: &str, rows: impl IntoIterator<Item = (String, Units)>) {
		for (number, (what, units)) in rows.into_iter().enumerate() {
			let source = if number == 0 { source.into() } else { String::new() };
			self.0.push(Row { source, what, amount: amount::show(units.0) });
		}
	}
}

/// So many of something.
fn counted(count: u64, what: &str) -> String {
	let plural = if count == 1 { "" } else { "s" };
	format!("{count} {what}{plural}")
}

/// A row that is there only if it is not zero.
fn beyond(what: &str, units: Units) -> Option<(String, Units)> {
	(units.0 > 0).then(|| (what.into(), units))
}

/// The receivers of inference fees in words, in the order in which fees are divided.
const RECEIVERS: [(&str, &str); 7] = [
	("contributors", "contributors"),
	("owner", "model owners"),
	("royalty", "bases' royalties"),
	("operator", "operators"),
	("verifiers", "verifiers"),
	("validators", "validators"),
	("treasury", "treasury"),
];

/// Rows for the receivers, those that this client has no words for at the end.
fn receivers(found: &BTreeMap<String, Units>) -> Vec<(String, Units)> {
	let known = RECEIVERS
		.iter()
		.filter_map(|(name, words)| found.get(*name).map(|units| (format!("– {words}"), *units)));
	let unknown = found
		.iter()
		.filter(|(name, _)| RECEIVERS.iter().all(|(known, _)| known != name))
		.map(|(name, units)| (format!("– {name}"), *units));
	known.chain(unknown).collect()
}

fn text(report: &Report) -> String {
	let mut rows = Rows::default();
	if let Some(fees) = &report.transaction_fees {
		let mut section = vec![
			(format!("paid by {}", counted(fees.transactions, "transaction")), fees.paid),
			("– burned".into(), fees.burned),
			("– treasury".into(), fees.treasury),
			("– block authors".into(), fees.authors),
		];
		section.extend(beyond("– not found in the events", fees.unexplained));
		section.extend(beyond("tips in it", fees.tips));
		rows.section("transaction fees", section);
	}
	if let Some(inference) = &report.inference {
		let mut section = vec![(
			format!("settled for {}", counted(inference.settlements, "answer")),
			inference.fees,
		)];
		section.extend(receivers(&inference.receivers));
		section.extend(beyond("– pruned before it could be read", inference.unexplained));
		let refunds = format!("paid back for {}", counted(inference.refunds, "request"));
		section.extend(beyond(&refunds, inference.refunded));
		rows.section("inference fees", section);
	}
	if let Some(claims) = &report.claims {
		let mut section =
			vec![(format!("paid out in {}", counted(claims.payouts, "claim")), claims.paid)];
		section.extend(beyond("– to payees", claims.to_payees));
		section.extend(beyond("accrued to the treasury, nobody's", claims.swept));
		rows.section("rewards", section);
	}
	if let Some(staking) = &report.staking {
		let section = [
			(format!("payout of {}", counted(staking.eras, "era")), staking.payout),
			("remainder to the treasury".into(), staking.remainder),
			("paid to stakers".into(), staking.rewarded),
			("slashed".into(), staking.slashed),
		];
		rows.section("staking", section);
	}
	if let Some(penalties) = &report.penalties {
		let section = [
			("operators' bonds".into(), penalties.operators),
			("bonds behind forged indexes".into(), penalties.owners),
			(
				format!("– to {}", counted(penalties.challenges_won, "challenger")),
				penalties.challengers,
			),
			(
				format!("deposits of {}", counted(penalties.challenges_lost, "lost challenge")),
				penalties.deposits_lost,
			),
		];
		rows.section("penalties", section);
	}
	if let Some(models) = &report.models {
		rows.section("models", [(format!("{} registered", models.registered), models.fees)]);
	}
	let issuance = &report.issuance;
	let each = |sign: &'static str, amounts: &BTreeMap<&'static str, Units>| {
		amounts.iter().map(|(event, units)| (format!("{sign} {event}"), *units)).collect::<Vec<_>>()
	};
	rows.section(
		"issuance",
		[("before".into(), issuance.before)]
			.into_iter()
			.chain(each("+", &issuance.minted))
			.chain(each("−", &issuance.burned))
			.chain([("after".into(), issuance.after)]),
	);
	let mut out = format!("blocks {} to {}", report.from, report.to);
	if let Some(seconds) = report.seconds {
		out += &format!(", {}", spoken(seconds));
	}
	out += "\n";
	out += &output::table(rows.0, "");
	out += "\n";
	out += &conservation(issuance);
	for (event, count) in &report.unread_events {
		out += &format!(
			"\nleft out: {count} × {event}, whose fields are not those that this client knows"
		);
	}
	if !report.top.is_empty() {
		let rows = report.top.iter().map(|earner| EarnerRow {
			account: earner.account.clone(),
			earned: amount::show(earner.total.0),
			roles: earner
				.by
				.iter()
				.map(|(role, units)| match earner.by.len() {
					1 => role.name().into(),
					_ => format!("{} {}", role.name(), amount::show(units.0)),
				})
				.collect::<Vec<_>>()
				.join(", "),
		});
		out += &format!(
			"\n{} earned something; most of all:\n",
			counted(report.earners as u64, "account")
		);
		out += &output::table(rows, "");
	}
	out
}

/// Whether the issuance adds up.
fn conservation(issuance: &Issuance) -> String {
	let minted = amount::show(total(&issuance.minted));
	let burned = amount::show(total(&issuance.burned));
	let change = show_signed(&issuance.change);
	if issuance.adds_up {
		format!("issuance changed by {change} = {minted} minted − {burned} burned: it adds up")
	} else {
		format!(
			"issuance changed by {change}, but the events say {minted} minted − {burned} burned: IT DOES NOT ADD UP, {} is unexplained",
			show_signed(&issuance.unexplained)
		)
	}
}

fn show_signed(units: &str) -> String {
	let (sign, digits) = match units.strip_prefix('-') {
		Some(digits) => ("−", digits),
		None => ("", units),
	};
	digits
		.parse()
		.map_or_else(|_| units.to_owned(), |units| format!("{sign}{}", amount::show(units)))
}

/// A length of time in words.
fn spoken(seconds: u64) -> String {
	let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
	let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
	match (days, hours, minutes) {
		(0, 0, 0) => format!("{seconds} s"),
		(0, 0, _) => format!("{minutes} min {seconds} s"),
		(0, _, _) => format!("{hours} h {minutes} min"),
		_ => format!("{days} d {hours} h"),
	}
}

#[cfg(test)]
mod tests {
	use super::{super::economics_books::Fact, *};

	fn minted_and_burned() -> Books {
		let mut ledger = Ledger::new([]);
		let supply = |event, minted, amount| (None, Fact::Supply { event, minted, amount });
		ledger.block([supply("Minted", true, 30), supply("BurnedDebt", false, 50)]);
		ledger.close()
	}

	#[test]
	fn issuance_adds_up_when_events_explain_its_change() {
		let found = issuance(1_000, 980, &minted_and_burned());
		assert!(found.adds_up);
		assert_eq!((found.change.as_str(), found.unexplained.as_str()), ("-20", "0"));
		assert!(conservation(&found).ends_with("it adds up"));
	}

	#[test]
	fn issuance_says_what_is_unexplained_when_it_does_not_add_up() {
		for (after, unexplained) in [(981, "1"), (950, "-30")] {
			let found = issuance(1_000, after, &minted_and_burned());
			assert!(!found.adds_up);
			assert_eq!(found.unexplained, unexplained);
			assert!(conservation(&found).contains("DOES NOT ADD UP"));
		}
	}

	#[test]
	fn sections_are_absent_when_the_chain_has_no_such_pallet() {
		let pallets = BTreeSet::from(["Inference".to_owned()]);
		assert!(has(&pallets, "Staking", Staking::default()).is_none());
		assert!(has(&pallets, "Inference", Inference::default()).is_some());
		let report = Report {
			from: 1,
			to: 2,
			blocks: 2,
			seconds: None,
			transaction_fees: None,
			inference: Some(Inference::default()),
			claims: None,
			penalties: None,
			models: None,
			staking: None,
			issuance: issuance(1, 1, &Books::default()),
			unread_events: BTreeMap::new(),
			earners: 1,
			top: vec![Shown {
				account: "5F".into(),
				total: Units(7),
				by: BTreeMap::from([(Role::ModelOwner, Units(7))]),
			}],
		};
		let shown = text(&report);
		assert!(shown.contains("1 account earned something"), "{shown}");
		assert!(shown.contains("inference fees") && !shown.contains("staking"), "{shown}");
		let json = serde_json::to_value(&report).unwrap();
		assert!(json.get("staking").is_none());
		assert_eq!(json["inference"]["fees"], "0");
		assert_eq!(json["issuance"]["before"], "1");
		assert_eq!(json["top"][0]["by"]["model_owner"], "7");
	}

	#[test]
	fn receivers_are_listed_in_the_order_of_the_split_and_new_ones_last() {
		let found = ["treasury", "gardeners", "operator", "contributors"];
		let found = found.map(|name| (name.to_owned(), Units(1))).into();
		let words: Vec<_> = receivers(&found).into_iter().map(|(words, _)| words).collect();
		assert_eq!(words, ["– contributors", "– operators", "– treasury", "– gardeners"]);
	}

	#[test]
	fn durations_are_read_with_their_unit_alone() {
		assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
		assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
		for text in ["", "s", "0m", "5", "1.5h", "-1s", "3w", "7ü", "999999999999999999d"] {
			assert!(duration(text).is_err(), "{text}");
		}
	}

	#[test]
	fn amounts_and_times_are_spoken() {
		assert_eq!(show_signed("-1500000000000000000"), "−1.5 OPEN");
		assert_eq!(show_signed("0"), "0 OPEN");
		for (seconds, words) in
			[(59, "59 s"), (600, "10 min 0 s"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")]
		{
			assert_eq!(spoken(seconds), words);
		}
	}
}
