mod commitments;
mod lengths;
mod ring;
mod rounds;
