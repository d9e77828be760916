// node scripts/lib/network/submit.mjs COMMAND [--OPTION VALUE]...
//
// What scripts/faults needs signed, or decoded by the chain's metadata. Every command prints JSON
// lines. Needs tests/polkadot-js's dependencies (npm ci).
//
//   transfers --url URL --key KEY --sinks SECRET --count N --rate PER-SECOND --amount UNITS
//             [--drain SECONDS]
//             sends to N accounts derived from a secret, by turns, until its standard input ends,
//             then waits until what was sent is final
//   audit     --url URL --at HASH [--accounts A,B,…]
//             issuance, the sum of all accounts, requests that are overdue, offenders
//   serve     --url URL --worker URL --folder FOLDER
//             publishes a small model, and registers the operator that serves it
//   ask       --url URL --worker URL --folder FOLDER --model ID --deadline BLOCKS
//   outcome   --url URL --request ID --first BLOCK --last BLOCK
//             how a request ended, and what its payer paid

import { parseArgs } from 'node:util';

import { Keyring } from '../../../tests/polkadot-js/node_modules/@polkadot/api/index.js';
import {
	address,
	connect,
	escrow,
	eventsOf,
	happened,
	sum,
	transactionFees,
	worth,
} from '../../../tests/polkadot-js/chain.js';
import { client, publishModel } from '../../../tests/polkadot-js/client.js';

const OPERATOR = '//Alice';
const AGENT = '//Alice//operator';
const PAYER = '//Ferdie';
const BOND = 2_000;
// Long enough to be cut off, even where the operator is quick.
const STORY = 'Write a long story about a lighthouse and the people who kept its light.';
const STORY_TOKENS = 512;
// What a transaction can still become when the pool is done with it.
const FAILURES = ['Invalid', 'Dropped', 'Usurped', 'FinalityTimeout'];

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function transfers(api, { key, sinks, count, rate, amount, drain = 120 }) {
	const keyring = new Keyring({ type: 'sr25519' });
	const signer = keyring.addFromUri(key);
	const targets = Array.from({ length: Number(count) }, (_, n) => address(`${sinks}//${n}`));
	const unfinished = new Set();
	let stopped = false;
	process.stdin.resume().once('end', () => (stopped = true));
	say({ sinks: targets });

	let nonce = (await api.rpc.system.accountNextIndex(signer.address)).toNumber();
	for (let turn = 0; !stopped; turn++) {
		const to = targets[turn % targets.length];
		const call = api.tx.balances.transferKeepAlive(to, BigInt(amount));
		const signed = await call.signAsync(signer, { nonce });
		const hash = signed.hash.toHex();
		unfinished.add(hash);
		try {
			await signed.send(({ status }) => {
				if (status.isFinalized) {
					unfinished.delete(hash);
					say({ finalised: hash, block: status.asFinalized.toHex(), to });
				} else if (FAILURES.includes(status.type)) {
					unfinished.delete(hash);
					say({ failed: hash, why: status.type });
				}
			});
			nonce += 1;
			say({ submitted: hash });
		} catch (error) {
			// Not taken, so its nonce is still free; the node may be full, or on its way down.
			unfinished.delete(hash);
			say({ refused: hash, why: error.message });
			await pause(1000);
		}
		await pause(1000 / Number(rate));
	}
	const deadline = Date.now() + Number(drain) * 1000;
	while (unfinished.size && Date.now() < deadline) await pause(200);
	say({ unfinished: [...unfinished] });
}

async function audit(api, { at, accounts = '' }) {
	const chain = await api.at(at);
	const number = (await api.rpc.chain.getHeader(at)).number.toNumber();
	const all = await chain.query.system.account.entries();
	const total = all.map(([, { data }]) => data.free.toBigInt() + data.reserved.toBigInt());
	const named = accounts.split(',').filter(Boolean);
	const data = await Promise.all(named.map((account) => chain.query.system.account(account)));
	const requests = await chain.query.inference.requests.entries();
	const overdue = requests.filter(
		([, request]) =>
			request.unwrap().status.type === 'Pending' && request.unwrap().deadline.toNumber() < number,
	);
	say({
		number,
		issuance: (await chain.query.balances.totalIssuance()).toString(),
		sum: sum(total).toString(),
		accounts: all.length,
		balances: Object.fromEntries(named.map((account, n) => [account, data[n].data.free.toString()])),
		overdue: overdue.map(([key]) => key.args[0].toString()),
		disabled: (await chain.query.session.disabledValidators()).length,
	});
}

async function serve(api, { url, worker, folder }) {
	const run = client({ url, worker }, folder);
	const terms = ['--agent', address(AGENT), '--bond', BOND, '--endpoint', worker];
	const [{ model }] = await Promise.all([
		publishModel(run, folder),
		run(OPERATOR, 'operator', 'register', ...terms),
	]);
	await run(OPERATOR, 'operator', 'serve', model);
	say({ model });
}

async function ask(api, { url, worker, folder, model, deadline }) {
	const earlier = await worth(api, PAYER);
	const line = ['ask', model, STORY, '--max-tokens', STORY_TOKENS, '--deadline', deadline];
	const { request } = await client({ url, worker }, folder)(PAYER, ...line, '--detach');
	say({ request, worth: earlier.toString(), escrow: (await escrow(api, PAYER)).toString() });
}

async function outcome(api, { request, first, last }) {
	const events = await eventsOf(api, Number(first), Number(last));
	const stored = (await api.query.inference.requests(request)).unwrap();
	say({
		status: stored.status.type,
		events: happened(api, events, request),
		worth: (await worth(api, PAYER)).toString(),
		fees: transactionFees(api, events, PAYER).toString(),
		escrow: (await escrow(api, PAYER)).toString(),
	});
}

const COMMANDS = { transfers, audit, serve, ask, outcome };

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: Object.fromEntries(
		[
			['url', 'worker', 'folder', 'key', 'sinks', 'count', 'rate', 'amount', 'drain', 'at'],
			['accounts', 'model', 'deadline', 'request', 'first', 'last'],
		]
			.flat()
			.map((name) => [name, { type: 'string' }]),
	),
});
const command = COMMANDS[positionals[0]];
if (!command) throw new Error(`there is no command ${positionals[0]}`);

const api = await connect(values);
try {
	await command(api, values);
} finally {
	await api.disconnect();
}
