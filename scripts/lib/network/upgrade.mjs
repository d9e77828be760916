// node scripts/lib/network/upgrade.mjs COMMAND --url URL [--OPTION VALUE]...
//
// What scripts/upgrade needs signed, or decoded by the chain's metadata. Every command prints one
// line of JSON. Needs tests/polkadot-js's dependencies (npm ci).
//
//   fill                            a Datanet with records, bonds, a payee, a proxy
//   propose   --blob FILE           referenda for a pause and for this code, which the committee
//             whitelists and everybody votes for
//   carried   --referenda A,B,…     waits until they are approved
//   decided                         what is paused, and which code is authorised
//   accept                          accepts the contribution that is pending
//   grant                           a referendum that the treasury spends, voted for by everybody
//   apply     --blob FILE           replaces the code, as anyone may once it is authorised
//   try                             what becomes of the call that is paused
//   resume                          the committee lifts the pause by the call that the upgrade brings
//   ends      --at HASH             the pauses that the scheduler will lift, and when
//   spends                          what the treasury was granted
//   authors   --first BLOCK --last BLOCK
//   prefixes  --at HASH             the first bytes of the keys of each kind of entry

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { Keyring } from '../../../tests/polkadot-js/node_modules/@polkadot/api/index.js';
import { connect } from '../../../tests/polkadot-js/chain.js';

const OPEN = 10n ** 18n;
const FINALITY_LIMIT_MS = 60_000;
const POLL_MS = 3_000;
const COMMITTEE = ['//Alice', '//Bob', '//Charlie'];
// What a vote can weigh: nobody has enough of its own, and the curve of the track falls until all
// of them together do.
const VOTES = {
	'//Alice': 9_000_000n,
	'//Bob': 9_000_000n,
	'//Charlie': 9_000_000n,
	'//Dave': 9_000_000n,
	'//Eve': 9_000_000n,
	'//Ferdie': 9_000_000n,
	'//OpenLedger//liquidity': 49_000_000n,
};
// The call that is paused, and who would make it.
const PAUSED = ['Balances', 'transfer_all'];
const PAUSED_NAME = PAUSED.map((name) => `0x${Buffer.from(name).toString('hex')}`);
const PAUSED_SIGNER = '//Dave//paused';
// How long a commitment can be revealed; then what was revealed can be accepted.
const REVEAL_BLOCKS = 6;
const ROOM = { refTime: 1_000_000_000, proofSize: 100_000 };

// Standard output is for what is asked; the library says there that the runtime changed.
console.log = console.error;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const keyring = new Keyring({ type: 'sr25519' });
const key = (secret) => keyring.addFromUri(secret);

/**
 * Signs, sends and waits until it is final, as what comes next builds on it and blocks before that
 * are dropped now and then; rejects where the call is refused.
 */
async function finalise(api, secret, call) {
	let stop, timer;
	try {
		return await new Promise((resolve, reject) => {
			const what = `${call.method.section}.${call.method.method} of ${secret}`;
			const fail = (why) => reject(Object.assign(new Error(`${what}: ${why}`), { why }));
			timer = setTimeout(() => fail('not final in time'), FINALITY_LIMIT_MS);
			call
				.signAndSend(key(secret), (result) => {
					const { status, events, dispatchError } = result;
					if (result.isError) return fail(status.type);
					if (!status.isFinalized) return;
					if (dispatchError) return fail(named(api, dispatchError));
					const block = status.asFinalized.toHex();
					resolve({ block, events: events.map(({ event }) => event) });
				})
				.then((unsubscribe) => (stop = unsubscribe), reject);
		});
	} finally {
		clearTimeout(timer);
		stop?.();
	}
}

function named(api, error) {
	if (!error.isModule) return error.toString();
	const { section, name } = api.registry.findMetaError(error.asModule);
	return `${section}.${name}`;
}

const all = (api, secret, calls) => finalise(api, secret, api.tx.utility.batchAll(calls));

/** Waits until a block is so many blocks old. */
async function untilOld(api, block, age) {
	const height = async (...at) => (await api.rpc.chain.getHeader(...at)).number.toNumber();
	const number = await height(block);
	while ((await height()) < number + age) await pause(500);
}

function records(api, who) {
	const texts = [0, 1, 2].map((n) => `Record ${n} of ${who}`);
	return texts.map((text) => ({
		content: api.registry.hash(new TextEncoder().encode(text)).toHex(),
		size: text.length,
	}));
}

async function contribute(api, datanet, secret) {
	const entries = records(api, secret);
	const salt = `0x${'5a'.repeat(32)}`;
	const shown = api.createType('(Vec<(H256, u32)>, AccountId, [u8; 32])', [
		entries.map(({ content, size }) => [content, size]),
		key(secret).address,
		salt,
	]);
	const commitment = api.registry.hash(shown.toU8a());
	const { block } = await finalise(api, secret, api.tx.datanets.commit(datanet, commitment));
	await untilOld(api, block, 1);
	await finalise(api, secret, api.tx.datanets.reveal(datanet, entries, salt));
	await untilOld(api, block, REVEAL_BLOCKS);
}

async function fill(api) {
	const description = 'Filled in before an upgrade';
	const create = ['Rehearsal', description, 'QuestionAnswer', 'CC0-1.0', 'Open', []];
	const { events } = await finalise(api, '//Bob', api.tx.datanets.create(...create));
	const [datanet] = events.find((event) => api.events.datanets.Created.is(event)).data;
	const agent = key('//Alice//operator').address;
	const endpoint = 'http://127.0.0.1:9';
	await Promise.all([
		contribute(api, datanet, '//Charlie'),
		contribute(api, datanet, '//Dave'),
		finalise(api, '//Alice', api.tx.inference.registerOperator(agent, 2_000n * OPEN, endpoint, 4)),
		all(api, '//Ferdie', [
			api.tx.balances.transferKeepAlive(key(PAUSED_SIGNER).address, 10n * OPEN),
			api.tx.staking.bond(1_000n * OPEN, 'Staked'),
			api.tx.staking.nominate([key('//Alice').address]),
			api.tx.rewards.setPayee(key('//Eve').address),
			api.tx.proxy.addProxy(key('//Eve').address, 'Any', 0),
		]),
	]);
	// The second is accepted under the new code.
	await accept(api);
	await finalise(api, '//Bob', api.tx.datanets.snapshot(datanet));
	say({ datanet: datanet.toNumber() });
}

/** Accepts the first contribution that is pending. */
async function accept(api) {
	const made = await api.query.datanets.contributions.entries();
	const pending = made.filter(([, found]) => found.unwrap().status.isPending);
	const [datanet, number] = pending.map(([{ args }]) => args).sort(([, a], [, b]) => a.cmp(b))[0];
	await finalise(api, '//Bob', api.tx.datanets.accept(datanet, number));
	return { datanet: datanet.toNumber(), contribution: number.toNumber() };
}

const blob = async (file) => `0x${(await readFile(file)).toString('hex')}`;

const voteOf = (api, index, amount) =>
	api.tx.convictionVoting.vote(index, {
		Standard: { vote: { aye: true, conviction: 'Locked1x' }, balance: amount * OPEN },
	});

const support = (api, referenda) =>
	Promise.all(
		Object.entries(VOTES).map(([secret, amount]) =>
			all(api, secret, referenda.map((index) => voteOf(api, index, amount))),
		),
	);

/** The calls that put a proposal up, where the next referendum has this number. */
function submission(api, index, origin, call) {
	const { hash, encodedLength } = call.method;
	return [
		api.tx.preimage.notePreimage(call.method.toHex()),
		api.tx.referenda.submit(
			{ Origins: origin },
			{ Lookup: { hash_: hash.toHex(), len: encodedLength } },
			{ After: 1 },
		),
		api.tx.referenda.placeDecisionDeposit(index),
	];
}

/** The committee carries motions, with the votes of all of its members. */
async function agree(api, motions) {
	const first = (await api.query.technicalCommittee.proposalCount()).toNumber();
	const { propose, vote, close } = api.tx.technicalCommittee;
	const [chair, ...others] = COMMITTEE;
	const votes = motions.map(({ method }, n) => vote(method.hash, first + n, true));
	const length = ({ method }) => method.encodedLength;
	await all(api, chair, [...motions.map((motion) => propose(2, motion, length(motion))), ...votes]);
	await Promise.all(others.map((member) => all(api, member, votes)));
	await all(
		api,
		chair,
		motions.map((motion, n) => close(motion.method.hash, first + n, ROOM, length(motion))),
	);
}

async function propose(api, options) {
	const code = await blob(options.blob);
	const codeHash = api.registry.hash(Buffer.from(code.slice(2), 'hex')).toHex();
	const urgent = [api.tx.txPause.pause(PAUSED_NAME), api.tx.system.authorizeUpgrade(codeHash)];
	await agree(api, urgent.map(({ method }) => api.tx.whitelist.whitelistCall(method.hash)));
	const index = (await api.query.referenda.referendumCount()).toNumber();
	await all(api, COMMITTEE[0], urgent.flatMap((call, n) => {
		const dispatch = api.tx.whitelist.dispatchWhitelistedCallWithPreimage(call);
		return submission(api, index + n, 'WhitelistedCaller', dispatch);
	}));
	const referenda = urgent.map((_, n) => index + n);
	await support(api, referenda);
	say({ referenda, codeHash });
}

async function carried(api, { referenda }) {
	for (const index of referenda.split(',')) {
		for (;;) {
			const info = (await api.query.referenda.referendumInfoFor(index)).unwrap();
			if (info.isApproved) break;
			if (!info.isOngoing) throw new Error(`referendum ${index} is ${info.type}`);
			await pause(POLL_MS);
		}
	}
	say({ carried: referenda });
}

async function decided(api) {
	const paused = await api.query.txPause.pausedCalls.keys();
	const authorised = await api.query.system.authorizedUpgrade();
	say({
		paused: paused.map(({ args }) => args[0].map((part) => part.toUtf8()).join('.')),
		authorised: authorised.isSome ? authorised.unwrap().codeHash.toHex() : null,
	});
}

async function grant(api) {
	const index = (await api.query.referenda.referendumCount()).toNumber();
	const spend = api.tx.treasury.spend(null, 9_000n * OPEN, key('//Grantee').address, null);
	await all(api, '//Bob', submission(api, index, 'TreasurySmall', spend));
	await support(api, [index]);
	say({ referendum: index });
}

async function apply(api, options) {
	const call = api.tx.system.applyAuthorizedUpgrade(await blob(options.blob));
	const { block, events } = await finalise(api, '//Ferdie', call);
	const names = events.map(({ section, method }) => `${section}.${method}`);
	const { number } = await api.rpc.chain.getHeader(block);
	say({ block, number: number.toNumber(), updated: names.includes('system.CodeUpdated'), names });
}

async function attempt(api) {
	const made = api.tx.balances.transferAll(key('//Alice').address, true);
	const refused = await finalise(api, PAUSED_SIGNER, made).then(
		() => null,
		(error) => error.why ?? error.message,
	);
	say({ refused });
}

const spends = async (api) => {
	const found = await api.query.treasury.spends.entries();
	say(found.map(([, spend]) => spend.unwrap().amount.toString()));
};

async function resume(api) {
	await agree(api, [api.tx.pauses.resume(PAUSED_NAME)]);
	say({ resumed: PAUSED.join('.') });
}

async function ends(api, { at }) {
	const chain = await api.at(at);
	const found = {};
	for (const [{ args: [block] }, agenda] of await chain.query.scheduler.agenda.entries()) {
		for (const task of agenda) {
			if (task.isNone || !task.unwrap().call.isInline) continue;
			const call = chain.registry.createType('Call', task.unwrap().call.asInline.toU8a(true));
			if (call.section !== 'txPause' || call.method !== 'unpause') continue;
			found[call.args[0].map((part) => part.toUtf8()).join('.')] = block.toNumber();
		}
	}
	say(found);
}

async function authors(api, { first, last }) {
	const found = new Set();
	for (let number = Number(first); number <= Number(last); number++) {
		const header = await api.derive.chain.getHeader(await api.rpc.chain.getBlockHash(number));
		found.add(header.author?.toString());
	}
	const names = ['Alice', 'Bob', 'Charlie', 'Dave'];
	say(names.filter((name) => found.has(key(`//${name}`).address)).map((name) => name.toLowerCase()));
}

async function prefixes(api, { at }) {
	const items = Object.values((await api.at(at)).query).flatMap((pallet) => Object.values(pallet));
	const stored = items.filter(({ creator }) => creator?.prefix);
	say(Object.fromEntries(stored.map((item) => [nameOf(item), item.keyPrefix()])));
}

const nameOf = ({ creator: { prefix, meta } }) => `${prefix}.${meta.name}`;

const COMMANDS = {
	fill,
	propose,
	carried,
	decided,
	accept: async (api) => say(await accept(api)),
	grant,
	apply,
	try: attempt,
	resume,
	ends,
	spends,
	authors,
	prefixes,
};

const OPTIONS = ['url', 'blob', 'referenda', 'at', 'first', 'last'];
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' }])),
});
const command = COMMANDS[positionals[0]];
if (!command) throw new Error(`there is no command ${positionals[0]}`);

const api = await connect(values);
try {
	await command(api, values);
} finally {
	await api.disconnect();
}
