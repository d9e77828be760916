//! Who is paid what on average, over every way in which the draws can fall.

use crate::mock::*;
use openledger_primitives_receipts::draw::unit;

/// What each record's contributor is paid of a batch of these receipts (record and fee) whose one
/// draw takes `taken`.
fn paid(sessions: &[&[(usize, u128)]], taken: u128) -> Vec<u128> {
	let mut amounts = Vec::new();
	chain_of(1, 1, || {
		let books: Vec<Book> = (3u8..)
			.zip(sessions)
			.map(|(payer, answers)| {
				let mut book = session(payer, 1_000);
				for (at, fee) in *answers {
					book.answer(*at, *fee);
				}
				book
			})
			.collect();
		let books: Vec<&Book> = books.iter().collect();
		let total = sessions.iter().flat_map(|answers| answers.iter()).map(|(_, fee)| fee).sum();
		let seed = seed_for(taken, total);
		let batch = commit(&books).unwrap();
		assert_eq!(unit(&seed, batch, 0, total), Some(taken));
		spin(seed);
		assert_eq!(show_all(batch, &books), 1);
		skip(12);
		amounts = (40..44).map(accrued).collect();
		assert_eq!(amounts.iter().sum::<u128>(), total / 2);
	});
	amounts
}

fn over_all_units(sessions: &[&[(usize, u128)]]) -> (u128, Vec<u128>) {
	let total = sessions.iter().flat_map(|answers| answers.iter()).map(|(_, fee)| fee).sum();
	let mut sums = vec![0; 4];
	for taken in 0..total {
		for (sum, amount) in sums.iter_mut().zip(paid(sessions, taken)) {
			*sum += amount;
		}
	}
	(total, sums)
}

#[test]
fn mean_pay_over_all_units_is_what_each_receipts_fee_is_worth() {
	let sessions: [&[(usize, u128)]; 3] =
		[&[(0, 3), (1, 1), (0, 4)], &[(2, 7)], &[(1, 2), (3, 1), (1, 4)]];
	let (total, sums) = over_all_units(&sessions);
	// Half of a fee is the contributors', and every unit of fees is drawn once.
	let fees = [7, 7, 7, 1];
	assert_eq!(total, 22);
	assert_eq!(sums, fees.map(|fee| fee * total / 2).to_vec());
}

#[test]
fn padding_with_near_free_receipts_does_not_pay() {
	// One honest answer of 30, and ten of one unit each that credit a friend.
	let padding: Vec<(usize, u128)> = vec![(1, 1); 10];
	let (total, sums) = over_all_units(&[&[(0, 30)], &padding]);
	// The friend has the part that was paid for, not that of the receipts' number, and less of it
	// than it cost.
	assert_eq!(total, 40);
	assert_eq!(sums[1], 10 * total / 2);
	assert_eq!(sums[0], 30 * total / 2);
	assert!(sums[1] < 10 * total);
}
