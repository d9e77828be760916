mod api;
mod appeal;
mod clearance;
mod findings;
mod invariants;
mod offchain;
mod verdict;
mod verifiers;
