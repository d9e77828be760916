//! What the calls do, and above all what they refuse.

mod challenge;
mod money;
mod outcome;
