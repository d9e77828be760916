mod commitments;
mod known;
mod lengths;
mod ring;
mod rounds;
