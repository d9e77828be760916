//! The openledger command line for contributors, developers and consumers.
