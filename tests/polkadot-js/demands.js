// Demands for a position of an index: one that a watching node shows, and one that nobody can.

import assert from 'node:assert/strict';

import { address, transactionFees, worth } from './chain.js';
import { until } from './node.js';
import { all, find } from './sessions.js';
import { WATCHER } from './network.js';
import { DECEIVED, OPEN, abuse, asRoot, conserved, set, stage, submit } from './stage.js';
import { FORGER, bonded, commitment, model, register } from './versions.js';

const DEPOSIT = 10n * OPEN;
const [DEMANDER] = DECEIVED;

/** Demands a position; resolves to when it is over, and to the block and what the demander had before. */
async function demand(id, position) {
	const { api } = stage;
	const [first, earlier] = [await stage.node.best(), await worth(api, DEMANDER)];
	const made = await submit(api.tx.attribution.demandPosition(id, position), DEMANDER);
	const over = find(made, 'attribution', 'PositionDemanded').until.toNumber();
	return { over, first, earlier };
}

export function demandTests() {
	abuse('demand_for_a_position_that_is_there_costs_its_deposit_half_of_it_to_the_node_that_shows_it', async () => {
		const { api } = stage;
		const watched = await worth(api, WATCHER);
		const { first, earlier } = await demand(stage.model, 2);
		await until('the position is shown', stage.node, async () =>
			(await api.query.attribution.demands(stage.model)).isEmpty);
		const events = await conserved(first);
		const shown = find(events, 'attribution', 'PositionShown');
		const told = [shown?.shownBy.toString(), shown?.deposit.toBigInt(), shown?.reward.toBigInt()];
		assert.deepEqual(told, [address(WATCHER), DEPOSIT, DEPOSIT / 2n]);
		assert.equal(earlier - (await worth(api, DEMANDER)), DEPOSIT + transactionFees(api, events, DEMANDER));
		assert.equal((await worth(api, WATCHER)) - watched, DEPOSIT / 2n - transactionFees(api, events, WATCHER));
		assert.equal((await model(stage.model)).status, 'published');
	});

	abuse('version_whose_index_is_withheld_is_condemned_when_nobody_shows_what_is_demanded', async () => {
		const { api } = stage;
		const start = await stage.node.best();
		// Where it is audited, verifiers find that they can't have it, and it never earns.
		await asRoot(set('Audits', { ModelsRate: 0 }));
		const { id } = await register(FORGER);
		const nowhere = `0x${'a5'.repeat(32)}`;
		const parts = { recordsRoot: nowhere, contributorsRoot: nowhere, file: nowhere };
		await submit(api.tx.models.commitIndex(id, await commitment(parts)), FORGER);
		await submit(api.tx.models.publish(id), FORGER);
		await asRoot(set('Audits', { ModelsRate: 1_000_000 }));
		const bond = await bonded(FORGER);
		const { over, earlier } = await demand(id, 0);
		const conclude = () => submit(api.tx.attribution.concludeDemand(id, 0), DEMANDER);
		await assert.rejects(conclude(), /DemandOpen/);
		await until('the time to show it is over', stage.node, async () => (await stage.node.best()) >= over);
		await conclude();
		assert.equal((await model(id)).status, 'condemned');
		const events = await conserved(start);
		const { taken, rewarded } = find(events, 'models', 'Condemned');
		assert.deepEqual([taken.toBigInt(), rewarded.toBigInt()], [bond, bond / 2n]);
		assert.equal(await bonded(FORGER), 0n);
		const paid = transactionFees(api, events, DEMANDER);
		assert.equal((await worth(api, DEMANDER)) - earlier, bond / 2n - paid);
		assert.deepEqual(all(events, 'attribution', 'PositionShown'), []);
	});
}
