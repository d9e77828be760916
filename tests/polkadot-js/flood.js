// A payer that sends far more than is let in: questions over HTTP, requests on chain, and transactions.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { address, transactionFees, worth } from './chain.js';
import { QUESTION } from './client.js';
import { CAPACITY, FLOODER, POOL_KIB, TRUSTED } from './network.js';
import { until } from './node.js';
import { BLOCKS, all, find, joined, text } from './sessions.js';
import {
	ANSWER_TOKENS, DECEIVED, OPEN, OPERATOR, PAYER,
	abuse, ask, conserved, ended, pair, stage, submit,
} from './stage.js';

const [OTHER] = DECEIVED.slice(-1);
const SESSIONS = 3;
const AT_ONCE = 40;
/** Twice as many as the pool has room for, of which a block has room for five. */
const LONG_KIB = 1024;
const TRANSACTIONS = (2 * POOL_KIB) / LONG_KIB;
const REQUESTS = 3 * CAPACITY;
/** The pool's views, questions that wait and what is being sent come to a part of that. */
const MORE_MEMORY_KIB = 512 * 1024;

const ESCROW = 2n * OPEN;
/** "Immediately dropped": the pool has no room. */
const NO_ROOM = 1016;

/** What a long transaction costs at least: a millionth of an OPEN for each byte. */
const LEAST_FEE = BigInt(LONG_KIB) * 1024n * (OPEN / 1_000_000n);

/** A transaction of an account that has sent none yet, of `LONG_KIB` of a byte. */
function signedLong(sender, byte) {
	const { api } = stage;
	const { genesisHash, runtimeVersion } = api;
	const remark = api.tx.system.remark(`0x${Buffer.alloc(LONG_KIB * 1024, byte).toString('hex')}`);
	return remark.sign(pair(sender), { genesisHash, blockHash: genesisHash, runtimeVersion, era: 0, nonce: 0 });
}

/** The signed transactions of each block from `first` on. */
async function transactionsOf(first) {
	const { api, node } = stage;
	const numbers = Array.from({ length: (await node.best()) - first + 1 }, (_, at) => first + at);
	return Promise.all(numbers.map(async (number) => {
		const { block } = await api.rpc.chain.getBlock(await api.rpc.chain.getBlockHash(number));
		return block.extrinsics.filter(({ isSigned }) => isSigned);
	}));
}

/** What a process has in memory, in KiB. */
async function memory({ pid }) {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]);
}

/** A session whose payer asks by itself, without a client that behaves. */
class Session {
	static async open(payer) {
		const { api, model } = stage;
		const opening = api.tx.receipts.openSession(address(OPERATOR), model, null, ESCROW, BLOCKS, false);
		const session = new Session();
		session.number = find(await submit(opening, payer), 'receipts', 'SessionOpened').session;
		const payload = joined(text('openledger/access/1:'), api.genesisHash.toU8a(), session.number.toU8a());
		session.access = joined(session.number.toU8a(), [1], pair(payer).sign(payload)).toString('hex');
		await until('the operator knows the session', stage.node, async () => {
			const { code } = await session.ask({ most: 0 });
			return code !== 'session_not_found';
		});
		return session;
	}

	async ask({ most = OPEN, signal } = {}) {
		const response = await fetch(`${stage.node.worker}/v1/chat/completions`, {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'openledger-access': this.access,
				'openledger-salt': randomBytes(32).toString('hex'),
				'openledger-most': `${most}`,
			},
			body: JSON.stringify({
				model: `${stage.model}`,
				messages: [{ role: 'user', content: QUESTION }],
				max_tokens: ANSWER_TOKENS,
			}),
			signal,
		});
		const { error, openledger } = await response.json();
		const after = response.headers.get('retry-after');
		return { status: response.status, code: error?.code, kind: error?.type, after, given: openledger };
	}
}

/** Asks in all sessions at once, again and again, until `stop` is aborted; resolves to all answers. */
async function flood(sessions, stop) {
	const told = [];
	const one = async (session) => {
		while (!stop.aborted) told.push(await session.ask());
	};
	await Promise.all(sessions.flatMap((session) => Array.from({ length: AT_ONCE }, () => one(session))));
	return told;
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

export function floodTests() {
	abuse('payer_that_floods_an_operator_over_http_is_refused_and_others_are_answered', async () => {
		const { api, node } = stage;
		const first = await node.best();
		const earlier = await worth(api, FLOODER);
		const before = await memory(node);
		const other = await Session.open(OTHER);
		const sessions = [];
		for (const _ of Array(SESSIONS)) sessions.push(await Session.open(FLOODER));
		const stop = new AbortController();
		const flooding = flood(sessions, stop.signal);
		let answer, refused = 0;
		try {
			await pause(1);
			for (;;) {
				answer = await other.ask();
				if (answer.status !== 503) break;
				assert.deepEqual([answer.code, answer.after], ['busy', '3']);
				refused++;
				await pause(Number(answer.after));
			}
		} finally {
			stop.abort();
		}
		const told = await flooding;
		assert.equal(answer.status, 200, JSON.stringify(answer));
		const counted = {};
		for (const { status, code = 'answered', kind, after } of told) {
			const what = [status, code, kind ?? '', after ?? ''].join(' ');
			counted[what] = (counted[what] ?? 0) + 1;
		}
		const kinds = Object.keys(counted);
		const allowed = ['200 answered  ', '402 voucher_needed insufficient_quota ', '503 busy server_error 3'];
		assert.deepEqual(kinds.filter((kind) => !allowed.includes(kind)), [], JSON.stringify(counted));
		assert.ok(counted[allowed[0]] <= SESSIONS * TRUSTED, JSON.stringify(counted));
		assert.ok(counted[allowed[1]] > 0 && counted[allowed[2]] > 0, JSON.stringify(counted));
		assert.ok((await memory(node)) - before < MORE_MEMORY_KIB);
		assert.ok((await fetch(`${node.worker}/health`)).ok, `others were refused ${refused} times`);
		// What was never signed for is not paid: the operator has lost what it trusted the payer with.
		for (const { number } of sessions) await submit(api.tx.receipts.closeSession(number), FLOODER);
		for (const { number } of sessions) {
			await until('the session can be ended', node, () =>
				submit(api.tx.receipts.finishSession(number), FLOODER).then(() => true, ({ message }) => {
					assert.match(message, /OperatorsTime/);
					return pause(3);
				}));
		}
		const events = await conserved(first);
		assert.equal(earlier - (await worth(api, FLOODER)), transactionFees(api, events, FLOODER));
		const held = await api.query.balances.holds(address(FLOODER));
		assert.ok(!held.some(({ id }) => id.type === 'Receipts'), `${held}`);
	});

	abuse('payer_that_floods_an_operator_with_requests_is_refused_and_others_are_answered', async () => {
		const { api, node } = stage;
		const first = await node.best();
		const prompt = `0x${Buffer.from(QUESTION).toString('hex')}`;
		const request = (nonce) =>
			api.tx.inference.request(stage.model, address(OPERATOR), prompt, ANSWER_TOKENS, 2n * OPEN, 0,
				`0x${nonce.toString(16).padStart(64, '0')}`, 200);
		const calls = Array.from({ length: REQUESTS }, (_, at) => request(at));
		const sent = (await submit(api.tx.utility.forceBatch(calls), FLOODER)).map(({ event }) => event);
		const taken = all(sent, 'inference', 'Requested').map((data) => data.request.toNumber());
		const failed = all(sent, 'utility', 'ItemFailed').map(({ error }) =>
			api.registry.findMetaError(error.asModule).name);
		assert.equal(taken.length, CAPACITY);
		assert.deepEqual(failed, Array(REQUESTS - CAPACITY).fill('AtCapacity'));
		const { request: other } = await until('the operator has room', node, () =>
			ask(OPERATOR).catch(({ message }) => {
				assert.match(message, /AtCapacity/);
				return pause(3);
			}));
		for (const one of [other, ...taken]) assert.equal((await ended(one)).state, 'settled');
		await conserved(first);
	});

	abuse('payer_that_floods_the_pool_is_refused_and_others_are_included', async () => {
		const { api, node } = stage;
		const first = await node.best();
		const before = await memory(node);
		// Of accounts of their own, so that none waits for another: a refused one leaves no gap.
		const senders = Array.from({ length: TRANSACTIONS }, (_, at) => `${FLOODER}//${at}`);
		const fund = (sender) => api.tx.balances.transferKeepAlive(address(sender), 10n * OPEN);
		await submit(api.tx.utility.batchAll(senders.map(fund)), FLOODER);
		const long = senders.map((sender, at) => signedLong(sender, at));
		const waiting = new Set();
		let refuse;
		const refused = new Promise((resolve) => (refuse = resolve));
		const telling = Promise.all(long.map(async (one) => {
			const code = await node.rpc('author_submitExtrinsic', one.toHex()).then(() => null, ({ code }) => code);
			if (code === null) waiting.add(one.hash.toHex());
			else refuse();
			return code;
		}));
		await Promise.race([refused, telling]);
		const earlier = new Set(waiting);
		await submit(api.tx.balances.transferKeepAlive(address(OTHER), OPEN), PAYER);
		const codes = new Set(await telling);
		codes.delete(null);
		assert.deepEqual([...codes], [NO_ROOM]);
		assert.ok((await memory(node)) - before < MORE_MEMORY_KIB);
		for (const one of [node, stage.far]) {
			await until('the pool is empty', one, () =>
				// Too long to be told while much is pending.
				one.rpc('author_pendingExtrinsics').then((pending) => pending.length === 0, () => false));
		}
		const events = await conserved(first);
		const blocks = await transactionsOf(first);
		const at = blocks.findIndex((block) => block.some(({ method, signer }) =>
			api.tx.balances.transferKeepAlive.is(method) && signer.eq(address(PAYER))));
		assert.ok(at >= 0, "another's transaction is in a block");
		const overtaken = blocks.slice(at + 1).flat().filter(({ hash }) => earlier.has(hash.toHex()));
		assert.ok(overtaken.length > 0, `${earlier.size} were there before another's, and none came after it`);
		const included = new Set(blocks.flat().map(({ hash }) => hash.toHex()));
		for (const [at, sender] of senders.entries()) {
			const fee = transactionFees(api, events, sender);
			assert.ok(included.has(long[at].hash.toHex()) ? fee > LEAST_FEE : fee === 0n, `${sender} paid ${fee}`);
		}
	});
}
