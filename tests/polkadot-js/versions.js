// Model versions at their registration: one that is what it says, and one whose sketches are made up.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { address, transactionFees, worth } from './chain.js';
import { EXAMINED_MS } from './client.js';
import { until } from './node.js';
import { all, find, joined } from './sessions.js';
import { OPEN, abuse, conserved, pair, stage, submit } from './stage.js';

/** Who registers what is forged. */
export const FORGER = '//Eve';
const LARGEST_REWARD = 5n * OPEN;

// The index file's table has a row of place, length and checksum for each section, of which the header is the
// first; then its own hash. docs/attribution-engine.md has the format.
const ROWS = 16;
const ROW = 48;
const SECTIONS = 15;
const CHECKSUM = 16;
const TABLE = ROWS + SECTIONS * ROW;
/** Where the projection's seed lies in the header: after method, manifest and adapter. */
const PROJECTION = 4 + 32 + 32;

const hash = (bytes) => stage.api.registry.hash(bytes);

/** The content of this hash. */
export async function content(name) {
	const found = await fetch(`${stage.node.worker}/content/${name.slice(2)}`);
	assert.ok(found.ok, name);
	return new Uint8Array(await found.arrayBuffer());
}

/** Stores content for an account; resolves to its hash. */
async function put(key, body) {
	const name = hash(body);
	const size = Buffer.alloc(8);
	size.writeBigUInt64LE(BigInt(body.length));
	const message = hash(joined(new TextEncoder().encode('openledger/content'), name, size));
	const stored = await fetch(`${stage.node.worker}/content/${name.toHex().slice(2)}`, {
		method: 'PUT',
		headers: {
			'x-openledger-account': address(key),
			'x-openledger-signature': Buffer.from(pair(key).sign(message)).toString('hex'),
		},
		body,
	});
	assert.ok(stored.ok, await stored.text());
	return name.toHex();
}

/** An index that says it is of another projection than its sketches were made with. */
function relabelled(index, projection) {
	const forged = Buffer.from(index);
	const [at, length] = [0, 8].map((part) => Number(forged.readBigUInt64LE(ROWS + part)));
	forged.set(projection, at + PROJECTION);
	// Of one piece, as it is far shorter than one: the checksum is the hash of the piece's hash.
	forged.set(hash(hash(forged.subarray(at, at + length))), ROWS + CHECKSUM);
	forged.set(hash(forged.subarray(0, TABLE)), TABLE);
	return forged;
}

export const model = (id) => stage.node.rpc('openledger_model', id);

/** Registers a version that is made of what the staged one is made of; resolves to its number and projection. */
export async function register(key) {
	const { api } = stage;
	const { spec, price } = (await api.query.models.models(stage.model)).unwrap();
	const made = await submit(api.tx.models.register('forged', spec, price), key);
	const { model, projection } = find(made, 'models', 'Registered');
	return { id: model.toNumber(), projection };
}

/** The commitment to the staged version's index, with other parts. */
export async function commitment(parts) {
	const { index } = (await stage.api.query.models.models(stage.model)).unwrap();
	return { ...index.unwrap().toJSON(), ...parts };
}

/** What stands behind a version of an account that has no other. */
export async function bonded(key) {
	const holds = await stage.api.query.balances.holds(address(key));
	const held = holds.filter(({ id }) => id.type === 'Models' && id.value.type === 'Bond');
	return held.reduce((total, { amount }) => total + amount.toBigInt(), 0n);
}

export function versionTests() {
	test('version_that_is_what_it_says_is_audited_and_earns', async () => {
		const { status, standing } = await model(stage.model);
		assert.deepEqual([status, standing.state, standing.asked], ['published', 'audited', 1]);
		await conserved(stage.begun);
	});

	abuse('version_with_made_up_sketches_is_condemned_and_loses_its_bond', async () => {
		const { api } = stage;
		const [first, earlier] = [await stage.node.best(), await worth(api, FORGER)];
		const { id, projection } = await register(FORGER);
		const index = await content((await model(stage.model)).index.file);
		const training = (await api.query.models.trainings(stage.model)).unwrap();
		const file = await put(FORGER, relabelled(index, projection));
		await submit(api.tx.models.commitTraining(id, training), FORGER);
		await submit(api.tx.models.commitIndex(id, await commitment({ file })), FORGER);
		const bond = await bonded(FORGER);
		assert.ok(bond > 0n);
		await assert.rejects(submit(api.tx.models.publish(id), FORGER), /AuditPending/);
		const end = await until('the forged version is judged', stage.node, async () => {
			const found = await model(id);
			return found.standing.state !== 'waiting' && found;
		}, EXAMINED_MS);
		assert.deepEqual([end.standing.state, end.status], ['refuted', 'condemned']);
		const events = await conserved(first);
		const condemned = find(events, 'models', 'CondemnedByAudit');
		const paid = all(events, 'audits', 'ExaminerPaid').filter((data) => data.model.eq(id));
		const ended = find(events, 'audits', 'ExaminationEnded');
		assert.equal(condemned.taken.toBigInt(), bond);
		assert.equal(condemned.rewarded.toBigInt(), 3n * LARGEST_REWARD);
		assert.deepEqual([paid.length, await bonded(FORGER), ended.returned.toBigInt()], [3, 0n, 0n]);
		const fees = paid.reduce((total, { amount }) => total + amount.toBigInt(), 0n);
		const registered = find(events, 'models', 'Registered').fee.toBigInt();
		const gone = earlier - (await worth(api, FORGER));
		assert.equal(gone, bond + fees + registered + transactionFees(api, events, FORGER));
		await assert.rejects(submit(api.tx.models.publish(id), FORGER), /WrongStatus/);
	});
}
