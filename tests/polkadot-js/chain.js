// What the tests read from the chain, beside what the node's own RPC tells.

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

const REQUEST_EVENTS = ['Requested', 'Answered', 'Settled', 'Refunded', 'ExpiryFailed'];

export const connect = (node) =>
	ApiPromise.create({ provider: new WsProvider(node.url), noInitWarn: true });

export const address = (key) => new Keyring({ type: 'sr25519' }).addFromUri(key).address;

export const sum = (amounts) => amounts.reduce((total, amount) => total + BigInt(amount), 0n);

/** Everything that an account has, held or not. */
export async function worth(api, key) {
	const { data } = await api.query.system.account(address(key));
	return data.free.toBigInt() + data.reserved.toBigInt();
}

/** What is held from an account for requests. */
export async function escrow(api, key) {
	const holds = await api.query.balances.holds(address(key));
	const held = holds.filter(({ id }) => id.type === 'Inference' && id.value.type === 'Escrow');
	return sum(held.map(({ amount }) => amount.toBigInt()));
}

/** Events by block: whoever waits for one asks for the same blocks again and again. */
const seen = new Map();

async function eventsAt(api, number) {
	const hash = (await api.rpc.chain.getBlockHash(number)).toHex();
	if (!seen.has(hash)) {
		const block = await api.at(hash);
		seen.set(hash, (await block.query.system.events()).map(({ event }) => event));
	}
	return seen.get(hash);
}

/** The events of the blocks from `first` to `last`. */
export async function eventsOf(api, first, last) {
	const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
	return (await Promise.all(numbers.map((number) => eventsAt(api, number)))).flat();
}

/** How often each thing happened to a request. */
export function happened(api, events, request) {
	const times = (name) =>
		events.filter(
			(event) => api.events.inference[name].is(event) && event.data.request.eq(request),
		).length;
	return Object.fromEntries(REQUEST_EVENTS.map((name) => [name, times(name)]));
}

/** What was burned of transactions' fees, at the half that is burned by default; tips are not. */
export function burned(api, events) {
	const { TransactionFeePaid } = api.events.transactionPayment;
	const paid = events.filter((event) => TransactionFeePaid.is(event));
	return sum(paid.map(({ data }) => (data.actualFee.toBigInt() - data.tip.toBigInt()) / 2n));
}

/** OPEN in existence after a block. */
export async function issuance(api, number) {
	const at = await api.at(await api.rpc.chain.getBlockHash(number));
	return (await at.query.balances.totalIssuance()).toBigInt();
}

/** What all accounts have together after a block, held or not. */
export async function owned(api, number) {
	const at = await api.at(await api.rpc.chain.getBlockHash(number));
	const accounts = await at.query.system.account.entries();
	return sum(accounts.map(([, { data }]) => data.free.toBigInt() + data.reserved.toBigInt()));
}

/** What an account paid for its transactions. */
export function transactionFees(api, events, key) {
	const { TransactionFeePaid } = api.events.transactionPayment;
	const own = events.filter(
		(event) => TransactionFeePaid.is(event) && event.data.who.eq(address(key)),
	);
	return sum(own.map(({ data }) => data.actualFee.toBigInt()));
}
