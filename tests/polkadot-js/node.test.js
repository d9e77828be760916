import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

import { startNode } from './node.js';

const INCLUSION_LIMIT_MS = 60_000;
const PALLETS = ['datanets', 'models', 'inference', 'attribution', 'rewards'];
const OPEN = 10n ** 18n;

let node, api, alice, bob;

before(async () => {
	node = await startNode();
	api = await ApiPromise.create({ provider: new WsProvider(node.url), noInitWarn: true });
	const keyring = new Keyring({ type: 'sr25519', ss58Format: api.registry.chainSS58 });
	alice = keyring.addFromUri('//Alice');
	bob = keyring.addFromUri('//Bob');
});

after(async () => {
	await api?.disconnect();
	await node?.stop();
});

/** Signs, sends and waits for a block; resolves to the events, rejects with the module error. */
async function include(call, signer) {
	let unsubscribe, timer;
	try {
		return await new Promise((resolve, reject) => {
			timer = setTimeout(() => reject(new Error('not included in time')), INCLUSION_LIMIT_MS);
			call
				.signAndSend(signer, ({ status, events, dispatchError, isError }) => {
					if (isError) reject(new Error(`the pool refused it: ${status.type}`));
					if (!status.isInBlock) return;
					if (!dispatchError) return resolve(events.map(({ event }) => event));
					const { section, name } = dispatchError.isModule
						? api.registry.findMetaError(dispatchError.asModule)
						: { section: 'dispatch', name: dispatchError.toString() };
					reject(Object.assign(new Error(`${section}.${name}`), { section, name }));
				})
				.then((stop) => (unsubscribe = stop), reject);
		});
	} finally {
		clearTimeout(timer);
		unsubscribe?.();
	}
}

/** Arguments in the metadata's order from values by name; a renamed argument fails here. */
function fromMetadata(call, values) {
	const names = call.meta.args.map(({ name }) => name.toString());
	assert.deepEqual([...names].sort(), Object.keys(values).sort());
	return call(...names.map((name) => values[name]));
}

const datanet = (name) =>
	fromMetadata(api.tx.datanets.create, {
		name,
		description: 'Created by the polkadot.js test',
		kind: 'QuestionAnswer',
		terms: 'CC0-1.0',
		policy: 'Open',
		curators: [],
	});

const free = async ({ address }) => (await api.query.system.account(address)).data.free.toBigInt();

const held = async ({ address }) =>
	(await api.query.balances.holds(address)).reduce((sum, { amount }) => sum + amount.toBigInt(), 0n);

const created = (events) => {
	const event = events.find((event) => api.events.datanets.Created.is(event));
	assert.ok(event, 'no Datanets.Created event');
	return event;
};

test('metadata_describes_every_pallet_when_node_runs', () => {
	for (const pallet of PALLETS) {
		assert.ok(Object.keys(api.tx[pallet] ?? {}).length, `${pallet} has no calls`);
		assert.ok(Object.keys(api.query[pallet] ?? {}).length, `${pallet} has no storage`);
		assert.ok(Object.keys(api.events[pallet] ?? {}).length, `${pallet} has no events`);
		assert.ok(Object.keys(api.errors[pallet] ?? {}).length, `${pallet} has no errors`);
	}
});

test('metadata_documents_calls_events_and_errors_when_node_runs', () => {
	for (const pallet of PALLETS) {
		for (const kind of ['tx', 'events', 'errors']) {
			for (const [name, item] of Object.entries(api[kind][pallet])) {
				assert.ok(item.meta.docs.length, `${kind}.${pallet}.${name} has no documentation`);
			}
		}
		for (const [name, { meta }] of Object.entries(api.events[pallet])) {
			for (const field of meta.fields) {
				assert.ok(field.name.isSome, `events.${pallet}.${name} has a field without a name`);
			}
		}
	}
});

test('metadata_types_resolve_when_every_argument_is_looked_up', () => {
	for (const pallet of PALLETS) {
		for (const [name, { meta }] of Object.entries(api.tx[pallet])) {
			for (const { type } of meta.args) {
				assert.doesNotThrow(
					() => api.registry.createType(type.toString()),
					`${pallet}.${name} has an argument of a type that polkadot.js cannot build: ${type}`,
				);
			}
		}
	}
});

test('token_is_OPEN_with_18_decimals_when_properties_are_read', () => {
	assert.deepEqual(api.registry.chainTokens, ['OPEN']);
	assert.deepEqual(api.registry.chainDecimals, [18]);
});

test('rpc_lists_openledger_methods_when_asked', async () => {
	const { methods } = await api.rpc.rpc.methods();
	const names = methods.map((method) => method.toString());
	for (const method of ['trace', 'rewards', 'quote', 'operatorStatus']) {
		assert.ok(names.includes(`openledger_${method}`), `openledger_${method} is missing`);
	}
});

test('transfer_moves_balance_when_included', async () => {
	const earlier = await free(bob);
	const events = await include(api.tx.balances.transferKeepAlive(bob.address, OPEN), alice);
	const transfer = events.find((event) => api.events.balances.Transfer.is(event));
	assert.equal(transfer.data.amount.toBigInt(), OPEN);
	assert.equal((await free(bob)) - earlier, OPEN);
});

test('transfer_is_refused_when_it_exceeds_the_balance', async () => {
	const everything = await free(alice);
	await assert.rejects(
		include(api.tx.balances.transferKeepAlive(alice.address, everything * 2n), bob),
		/FundsUnavailable|InsufficientBalance/,
	);
});

test('datanet_is_stored_and_decoded_when_created', async () => {
	const { data } = created(await include(datanet('polkadot.js'), alice));
	assert.equal(data.owner.toString(), alice.address);
	const stored = (await api.query.datanets.datanets(data.datanet)).unwrap();
	assert.equal(stored.name.toUtf8(), 'polkadot.js');
	assert.equal(stored.kind.type, 'QuestionAnswer');
	assert.equal(stored.policy.type, 'Open');
});

test('datanet_holds_a_deposit_when_created', async () => {
	const earlier = await held(alice);
	await include(datanet('with a deposit'), alice);
	assert.ok((await held(alice)) > earlier);
});

test('datanet_is_listed_by_runtime_api_when_created', async () => {
	const { data } = created(await include(datanet('listed'), alice));
	const page = await api.call.openLedgerApi.datanets(data.datanet, 1);
	assert.equal(page.length, 1);
	assert.equal(page[0].name.toString(), 'listed');
	assert.equal(page[0].owner.toString(), alice.address);
});

test('datanet_is_refused_with_typed_error_when_name_is_blank', async () => {
	await assert.rejects(include(datanet('   '), alice), { section: 'datanets', name: 'NotText' });
});

test('datanet_is_refused_with_typed_error_when_commit_names_none', async () => {
	await assert.rejects(
		include(api.tx.datanets.commit(4_294_967_295, `0x${'11'.repeat(32)}`), alice),
		{ section: 'datanets', name: 'NotFound' },
	);
});

test('payee_is_told_by_runtime_api_when_named_and_its_deposit_freed_when_removed', async () => {
	const setPayee = (payee) => include(fromMetadata(api.tx.rewards.setPayee, { payee }), alice);
	const payee = async () => (await api.call.openLedgerApi.rewards(alice.address)).payee;
	const earlier = await held(alice);
	await setPayee(bob.address);
	assert.equal((await payee()).unwrap().toString(), bob.address);
	assert.ok((await held(alice)) > earlier);
	await setPayee(null);
	assert.ok((await payee()).isNone);
	assert.equal(await held(alice), earlier);
});

test('rewards_account_holds_a_deposit_while_it_is_open', async () => {
	const open = async () => (await api.call.openLedgerApi.rewards(bob.address)).open.isTrue;
	const earlier = await held(bob);
	const [opened] = (await include(api.tx.rewards.openAccount(), bob)).filter((event) =>
		api.events.rewards.AccountOpened.is(event),
	);
	assert.equal(opened.data.account.toString(), bob.address);
	assert.ok(await open());
	assert.ok((await held(bob)) > earlier);
	await assert.rejects(include(api.tx.rewards.openAccount(), bob), { section: 'rewards', name: 'AlreadyOpen' });
	await include(api.tx.rewards.closeAccount(), bob);
	assert.ok(!(await open()));
	assert.equal(await held(bob), earlier);
});

test('payee_is_refused_with_typed_error_when_it_is_the_account_itself', async () => {
	const call = api.tx.rewards.setPayee(alice.address);
	await assert.rejects(include(call, alice), { section: 'rewards', name: 'PayeeIsSelf' });
});

test('transaction_is_refused_by_pool_when_signer_has_no_funds', async () => {
	const pauper = new Keyring({ type: 'sr25519' }).addFromUri('//Nobody at all');
	await assert.rejects(include(datanet('unpaid'), pauper), /1010/);
});
