"""What a tenant decides by, for each use, to rows and back."""

import sqlalchemy as sa

from earmark.storage.schema import operating_points
from earmark.storage.store import Store
from earmark.storage.values import Use
from earmark.voice.scoring.operating import Aim, Costs


def read_aims(tenant: str, store: Store) -> dict[Use, Aim]:
    """Return the aims that a tenant has set; a use without one is decided by the default."""
    query = sa.select(operating_points).where(operating_points.c.tenant == tenant)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    found = {}
    for row in rows:
        priced = row.cost_miss is not None
        costs = Costs(row.cost_miss, row.cost_false, row.prior) if priced else None
        found[Use(row.use)] = Aim(fmr=row.fmr, fpir=row.fpir, costs=costs, doubt=row.doubt)
    return found


def put_aim(tenant: str, store: Store, use: Use, aim: Aim | None) -> None:
    """Decide by this for a use from now on; by the default again when None."""
    same = (operating_points.c.tenant == tenant) & (operating_points.c.use == use.value)
    with store.writing() as connection:
        connection.execute(sa.delete(operating_points).where(same))
        if aim is None:
            return
        costs = aim.costs
        connection.execute(
            sa.insert(operating_points).values(
                tenant=tenant,
                use=use.value,
                fmr=aim.fmr,
                fpir=aim.fpir,
                cost_miss=None if costs is None else costs.miss,
                cost_false=None if costs is None else costs.false,
                prior=None if costs is None else costs.prior,
                doubt=aim.doubt,
            )
        )
