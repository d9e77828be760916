//! How fast indexes are scanned, written and appended to. Prints one JSON object.
//!
//! Sketches are synthetic: components nearly normal, as those of projected gradients are. Times are the
//! least of some runs, in milliseconds.

mod synthetic;

use openledger_attribution::{
	IndexFile,
	index::{Builder, Parts},
	nulls,
	scan::{self, Ask, Coarse, Probe, Rows, Scored, Search, Wanted},
};
use openledger_primitives_core::{MAX_SKETCH, MIN_SKETCH};
use openlora::Isa;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{hint::black_box, ops::RangeInclusive, time::Instant};
use synthetic::{Columns, normal, parts};

const USAGE: &str = "usage: index_scale [RECORDS] [DIMENSION] [FILE_RECORDS]

RECORDS       leaves of the largest scan, and of the two-stage search, default 1000000
DIMENSION     components of a sketch, default 512
FILE_RECORDS  leaves of the files that are written, default 50000";

/// What a sketch may have.
const DIMENSIONS: RangeInclusive<usize> = MIN_SKETCH as usize..=MAX_SKETCH as usize;
/// Leaves that are found.
const BEST: usize = 16;
/// Queries that recall is measured on.
const RECALLED: usize = 64;

type Failure = Box<dyn std::error::Error>;

/// The least of `runs`, in milliseconds.
fn least<T>(runs: usize, mut run: impl FnMut() -> T) -> f64 {
	let mut least = f64::INFINITY;
	for _ in 0..runs {
		let started = Instant::now();
		black_box(run());
		least = least.min(started.elapsed().as_secs_f64() * 1e3);
	}
	least
}

/// Reads all of it once, on the threads of the pool.
fn read(bytes: &[i8]) -> u64 {
	let words: &[[i8; 64]] = bytes.as_chunks().0;
	let sum = |words: &[[i8; 64]]| {
		words.iter().fold([0u64; 8], |mut sums, line| {
			for (sum, word) in sums.iter_mut().zip(line.as_chunks::<8>().0) {
				*sum ^= u64::from_le_bytes(word.map(|byte| byte as u8));
			}
			sums
		})
	};
	let folded = words.par_chunks(1 << 14).map(sum).reduce(
		|| [0; 8],
		|mut a, b| {
			a.iter_mut().zip(b).for_each(|(a, b)| *a ^= b);
			a
		},
	);
	folded.into_iter().fold(0, |all, word| all ^ word)
}

fn exact(
	isa: Isa,
	rows: &Rows,
	probes: &[Probe],
) -> openledger_attribution::Result<Vec<Vec<Scored>>> {
	scan::best_rows(isa, rows, probes, BEST, |_, _, _| true)
}

fn scans(columns: &Columns, probes: &[Probe]) -> Result<Value, Failure> {
	let all = columns.rows(columns.len())?;
	let rows = columns.rows(columns.len().min(1_000_000))?;
	let bytes = &columns.sketches()[..rows.len() * rows.dimension()];
	let read_ms = least(7, || read(bytes));
	let scan_ms = least(7, || exact(Isa::best(), &rows, &probes[..1]));
	let single = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
	let (single_read_ms, single_scan_ms) = single.install(|| {
		(least(3, || read(bytes)), least(3, || exact(Isa::best(), &rows, &probes[..1])))
	});
	let sets = Isa::ALL.into_iter().filter(|isa| isa.is_available());
	let sets: serde_json::Map<String, Value> = sets
		.map(|isa| (isa.name().to_owned(), json!(least(3, || exact(isa, &rows, &probes[..1])))))
		.collect();
	let many_ms = least(2, || exact(Isa::best(), &rows, probes));
	let curve = std::iter::successors(Some(1_000), |count| Some(count * 10))
		.take_while(|count| *count <= columns.len())
		.map(|count| {
			let rows = columns.rows(count)?;
			Ok(json!([count, least(3, || exact(Isa::best(), &rows, &probes[..1]))]))
		})
		.collect::<Result<Vec<Value>, Failure>>()?;
	Ok(json!({
		"records": rows.len(),
		"read_ms": read_ms,
		"scan_ms": scan_ms,
		"scan_over_read": scan_ms / read_ms,
		"single_thread": {
			"read_ms": single_read_ms,
			"scan_ms": single_scan_ms,
			"scan_over_read": single_scan_ms / single_read_ms,
		},
		"instruction_sets_ms": sets,
		"queries": probes.len(),
		"queries_ms": many_ms,
		"queries_per_s": probes.len() as f64 / many_ms * 1e3,
		"records_and_ms": curve,
		"two_stage": two_stage(&all, probes)?,
	}))
}

/// The share of the exact best that two stages find, for queries like the leaves, which have no near
/// one, and for queries near a leaf.
fn two_stage(rows: &Rows, probes: &[Probe]) -> Result<Value, Failure> {
	let started = Instant::now();
	let coarse = Coarse::new(rows);
	let build_ms = started.elapsed().as_secs_f64() * 1e3;
	let near: Vec<Probe> = (0..RECALLED)
		.map(|at| synthetic::near(rows, at * (rows.len() / RECALLED), at as u64))
		.collect::<Result<_, _>>()?;
	let two = |probes: &[Probe]| scan::best_in_two_stages(&coarse, rows, probes, BEST);
	let recall = |probes: &[Probe]| -> Result<f64, Failure> {
		let (exact, found) = (exact(Isa::best(), rows, probes)?, two(probes)?);
		let hits = exact
			.iter()
			.zip(&found)
			.flat_map(|(exact, found)| exact.iter().map(|leaf| usize::from(found.contains(leaf))));
		let wanted: usize = exact.iter().map(Vec::len).sum();
		Ok(hits.sum::<usize>() as f64 / wanted as f64)
	};
	let (far, near) = (recall(&probes[..RECALLED.min(probes.len())])?, recall(&near)?);
	Ok(json!({
		"records": rows.len(),
		"two_stage_recall": far.min(near),
		"recall_without_neighbours": far,
		"recall_of_planted_neighbours": near,
		"coarse_bytes": coarse.bytes(),
		"coarse_build_ms": build_ms,
		"exact_ms": least(3, || exact(Isa::best(), rows, &probes[..1])),
		"two_stage_ms": least(3, || two(&probes[..1])),
	}))
}

fn files(count: usize, dimension: usize) -> Result<Value, Failure> {
	let folder = tempfile::tempdir()?;
	let Parts { header, leaves, records } = parts(count, dimension)?;
	let path = folder.path().join("index");
	let started = Instant::now();
	let mut builder = Builder::open(&path, header, &records)?;
	for leaf in &leaves {
		builder.push(leaf.clone())?;
	}
	let index = builder.finish(|_| Ok(100_000))?;
	let build_s = started.elapsed().as_secs_f64();
	let open_ms = least(3, || IndexFile::open_own(&path));
	let verify_ms = least(1, || IndexFile::open(&path));
	let probes = [Probe::new(&normal(5, dimension))?];
	let ask = Ask { payer: None, wanted: Wanted::Any, count: BEST, search: Search::Exact };
	let scan_ms = least(3, || scan::best_records(&index, &probes, ask));

	let half = count / 2;
	let first = parts(half, dimension)?.header;
	let old = folder.path().join("old");
	let mut builder = Builder::open(&old, first, &records[..half])?;
	for leaf in &leaves[..half] {
		builder.push(leaf.clone())?;
	}
	let old = builder.finish(|_| Ok(100_000))?;
	let whole = parts(count, dimension)?.header;
	let appended = folder.path().join("appended");
	let started = Instant::now();
	let mut builder = Builder::append(&appended, &old, whole, &records[half..])?;
	for leaf in &leaves[half..] {
		builder.push(leaf.clone())?;
	}
	let appended = builder.finish(|_| Ok(100_000))?;
	let append_s = started.elapsed().as_secs_f64();
	Ok(json!({
		"records": count,
		"bytes": index.to_bytes().len(),
		"build_records_per_s": count as f64 / build_s,
		"append_records_per_s": (count - half) as f64 / append_s,
		"appended_is_the_same": appended.to_bytes() == index.to_bytes(),
		"open_own_ms": open_ms,
		"open_ms": verify_ms,
		"scan_ms": scan_ms,
	}))
}

fn main() -> Result<(), Failure> {
	let mut numbers = Vec::new();
	for argument in std::env::args().skip(1) {
		numbers.push(argument.parse::<usize>().map_err(|_| USAGE)?);
	}
	let number = |at: usize, default| numbers.get(at).copied().unwrap_or(default);
	let (count, dimension, in_files) = (number(0, 1_000_000), number(1, 512), number(2, 50_000));
	if count < RECALLED || !DIMENSIONS.contains(&dimension) || in_files < 2 || numbers.len() > 3 {
		return Err(USAGE.into());
	}
	let columns = Columns::new(count, dimension);
	// In one reading, as the floor is calibrated.
	let probes: Vec<Probe> = (0..nulls::lines().count())
		.map(|query| Probe::new(&normal(u64::MAX - query as u64, dimension)))
		.collect::<Result<_, _>>()?;
	let scan = scans(&columns, &probes)?;
	drop(columns);
	let name = format!("scan_over_read_{count}_{dimension}");
	let ratio = match (count, dimension) {
		(1_000_000.., 512) => "scan_over_read_1m_512".to_owned(),
		_ => name,
	};
	let object = json!({
		"dimension": dimension,
		"threads": rayon::current_num_threads(),
		ratio: scan["scan_over_read"],
		"scan": scan,
		"file": files(in_files, dimension)?,
	});
	println!("{object}");
	Ok(())
}
