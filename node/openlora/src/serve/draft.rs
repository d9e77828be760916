//! Guesses at how an answer goes on, taken from what was said before.
//!
//! Where the last tokens stood earlier in the prompt or the answer, what followed there is tried: all
//! of it is run in one step, and kept as far as the tokens are those that would have been chosen one by
//! one. Rows do not depend on others that run with them, so the answer is the same to the bit.

/// Tokens that have to stand there earlier, at least.
const SHORTEST: usize = 2;
/// Longer repetitions than this are not told apart.
const LONGEST: usize = 8;
/// Steps without a guess after one that was wrong from the first token on.
const PAUSE: usize = 8;

/// Guesses for one answer.
#[derive(Debug)]
pub(super) struct Drafter {
	/// Tokens guessed at once, at most; none where guessing is off.
	most: usize,
	/// As many as were right lately.
	size: usize,
	/// Steps left without a guess.
	pause: usize,
}

impl Drafter {
	pub(super) fn new(most: usize) -> Self {
		Self { most, size: most, pause: 0 }
	}

	/// Up to `room` tokens that may follow `tokens`.
	pub(super) fn guess(&mut self, tokens: &[u32], room: usize) -> Vec<u32> {
		if self.pause > 0 {
			self.pause -= 1;
			return Vec::new();
		}
		match self.size.min(room) {
			0 => Vec::new(),
			most => follow(tokens, most),
		}
	}

	/// Learns how many of a guess's tokens were right.
	pub(super) fn learn(&mut self, guessed: usize, right: usize) {
		if guessed == 0 {
			return;
		}
		if right == 0 {
			self.pause = PAUSE;
		}
		// Twice as far after a guess that was right to its end.
		let next = if right == guessed { 2 * self.size } else { right + 1 };
		self.size = next.clamp(1, self.most);
	}
}

/// Up to `most` tokens that followed the longest, of equals the last, earlier occurrence of the last
/// tokens.
fn follow(tokens: &[u32], most: usize) -> Vec<u32> {
	let mut guess: Vec<u32> = Vec::new();
	let Some((last, before)) = tokens.split_last() else { return guess };
	let (mut longest, mut found) = (SHORTEST - 1, None);
	for end in (0..before.len()).rev().filter(|end| before[*end] == *last) {
		let earlier = before[..end].iter().rev();
		let same = before.iter().rev().zip(earlier).take(LONGEST - 1);
		let len = 1 + same.take_while(|(a, b)| a == b).count();
		if len > longest {
			(longest, found) = (len, Some(end + 1));
			if len == LONGEST {
				break;
			}
		}
	}
	if let Some(from) = found {
		for at in from..from + most {
			// Beyond the end the guess itself goes on, as what repeats does.
			guess.push(tokens.get(at).copied().unwrap_or_else(|| guess[at - tokens.len()]));
		}
	}
	guess
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn guess_is_what_followed_the_longest_then_the_last_occurrence() {
		assert_eq!(follow(&[1, 2, 3, 9, 1, 2, 4, 1, 2], 2), [4, 1]);
		assert_eq!(follow(&[8, 1, 2, 3, 7, 1, 2, 4, 8, 1, 2], 3), [3, 7, 1]);
		assert_eq!(follow(&[5, 5, 5, 5], 4), [5; 4]);
		assert_eq!(follow(&[9, 1, 2, 1, 2], 5), [1, 2, 1, 2, 1]);
		assert!(follow(&[1, 2, 3, 1, 2], 0).is_empty());
		for none in [&[][..], &[1], &[1, 1], &[1, 2, 3, 2], &[3, 2, 1]] {
			assert!(follow(none, 4).is_empty(), "{none:?}");
		}
	}

	#[test]
	fn guesses_grow_while_they_are_right_and_pause_when_they_are_wrong() {
		let tokens: Vec<u32> = (0..20).chain(0..10).collect();
		let mut drafter = Drafter::new(8);
		assert_eq!(drafter.guess(&tokens, 100), [10, 11, 12, 13, 14, 15, 16, 17]);
		assert_eq!(drafter.guess(&tokens, 3).len(), 3);
		drafter.learn(8, 1);
		assert_eq!(drafter.guess(&tokens, 100).len(), 2);
		drafter.learn(2, 2);
		assert_eq!(drafter.guess(&tokens, 100).len(), 4);
		drafter.learn(4, 0);
		assert!((0..PAUSE).all(|_| drafter.guess(&tokens, 100).is_empty()));
		assert_eq!(drafter.guess(&tokens, 100).len(), 1);
		assert!(Drafter::new(0).guess(&tokens, 100).is_empty());
	}
}
