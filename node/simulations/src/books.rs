//! Who was paid what.

/// Whom money comes from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
	/// Those who ask.
	Payers,
	/// Contributors, as their records earned it.
	Contributors,
	/// Model owners and validators.
	Others,
	/// What verifiers' parts have brought and no seat was paid yet.
	Fund,
	/// The treasury.
	Treasury,
	/// What computing costs.
	Computing,
	/// People outside who appeal.
	Watchers,
	/// An operator, with the friends that it lies for.
	Operator(usize),
	/// A verifier.
	Verifier(usize),
}

/// What each account has gained since the beginning, in OPEN.
pub struct Books {
	common: [f64; 7],
	/// What operators gained, by number.
	pub operators: Vec<f64>,
	/// What verifiers gained, by number.
	pub verifiers: Vec<f64>,
}

impl Books {
	/// Books of so many operators and verifiers.
	pub fn new(operators: usize, verifiers: usize) -> Self {
		Self { common: [0.0; 7], operators: vec![0.0; operators], verifiers: vec![0.0; verifiers] }
	}

	fn entry(&mut self, account: Account) -> &mut f64 {
		match account {
			Account::Payers => &mut self.common[0],
			Account::Contributors => &mut self.common[1],
			Account::Others => &mut self.common[2],
			Account::Fund => &mut self.common[3],
			Account::Treasury => &mut self.common[4],
			Account::Computing => &mut self.common[5],
			Account::Watchers => &mut self.common[6],
			Account::Operator(number) => &mut self.operators[number],
			Account::Verifier(number) => &mut self.verifiers[number],
		}
	}

	/// Moves an amount.
	pub fn pay(&mut self, from: Account, to: Account, amount: f64) {
		*self.entry(from) -= amount;
		*self.entry(to) += amount;
	}

	/// What an account has gained.
	pub fn gained(&mut self, account: Account) -> f64 {
		*self.entry(account)
	}

	/// The sum over all accounts, which rounding alone keeps from zero.
	pub fn sum(&self) -> f64 {
		self.common.iter().chain(&self.operators).chain(&self.verifiers).sum()
	}
}
