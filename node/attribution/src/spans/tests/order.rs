use super::VOCABULARIES;
use crate::spans::{
	SpanError,
	build::encode,
	check,
	layout::token_width,
	place::{Place, pack},
};
use proptest::prelude::*;

/// The places of a text's suffixes in their order, by comparing them.
fn sorted(text: &[u8], width: usize) -> Vec<u64> {
	let mut sorted: Vec<u64> = (0..(text.len() / width) as u64).collect();
	sorted.sort_by_key(|place| &text[*place as usize * width..]);
	sorted
}

fn packed<const WIDTH: usize>(places: &[u64]) -> Vec<[u8; WIDTH]> {
	let mut bytes = Vec::new();
	pack(places, WIDTH, &mut bytes);
	bytes.as_chunks::<WIDTH>().0.to_vec()
}

#[test]
fn of_all_arrays_of_small_texts_only_the_sorted_ones_pass() {
	const TOKENS: u64 = 5;
	for length in 0..=TOKENS {
		let (texts, arrays) = (3u64.pow(length as u32), (length + 1).pow(length as u32));
		let digits = |number: u64, base: u64| -> Vec<u64> {
			(0..length as u32).map(|digit| number / base.pow(digit) % base).collect()
		};
		for text in 0..texts {
			let tokens: Vec<u8> =
				digits(text, 3).iter().flat_map(|token| (*token as u16).to_be_bytes()).collect();
			let sorted = sorted(&tokens, 2);
			for array in 0..arrays {
				let array = digits(array, length + 1);
				let found = check::order(&tokens, 2, &array);
				assert_eq!(found.is_ok(), array == sorted, "{tokens:?} {array:?} {found:?}");
			}
		}
	}
}

#[test]
fn array_of_another_length_is_refused() {
	let text = [0, 2, 0, 1, 0, 0];
	for array in [&[][..], &[2, 1], &[2, 1, 0, 0]] {
		let found = check::order(&text, 2, array as &[i32]);
		assert!(matches!(found, Err(SpanError::Array { .. })), "{found:?}");
	}
	check::order(&text, 2, &[2i32, 1, 0]).unwrap();
}

proptest! {
	#[test]
	fn one_wrong_entry_anywhere_is_noticed(
		tokens in proptest::collection::vec(0u32..5, 2..700),
		vocabulary in proptest::sample::select(&VOCABULARIES[..]),
		place in any::<prop::sample::Index>(),
		other in any::<prop::sample::Index>(),
		number in any::<i32>(),
	) {
		let width = token_width(vocabulary);
		let mut text = Vec::new();
		encode(&tokens, vocabulary, &mut text);
		let right = sorted(&text, width);
		let (place, other) = (place.index(right.len()), other.index(right.len()));
		let mut swapped = right.clone();
		swapped.swap(place, other);
		let mut twice = right.clone();
		twice[place] = twice[other];
		for array in [&right, &swapped, &twice] {
			let expected = *array == right;
			prop_assert_eq!(check::order(&text, width, &packed::<4>(array)).is_ok(), expected);
			prop_assert_eq!(check::order(&text, width, &packed::<5>(array)).is_ok(), expected);
		}
		let mut narrow: Vec<i32> = right.iter().map(|place| *place as i32).collect();
		narrow[place] = number;
		let found = check::order(&text, width, &narrow);
		if number.index() >= tokens.len() {
			let refused = matches!(found, Err(SpanError::Array { .. }));
			prop_assert!(refused, "{:?}", found);
		} else {
			prop_assert_eq!(found.is_ok(), u64::from(number.unsigned_abs()) == right[place]);
		}
	}
}
