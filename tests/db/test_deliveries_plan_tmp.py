import time
from flagkeeper.integrations.sender import due as d
from flagkeeper.integrations import delivery_queries as q, delivery_store as st
from flagkeeper.storage.dialects import Dialect
from tests.deliveries import *
from flagkeeper.integrations.delivery_store import NewDelivery
def test_plan(log):
    integ = add_integration(log, parameters={"ordered":"true"})
    other = add_integration(log)
    N=100_000
    for start in range(0,N,5000):
        def ins(unit):
            st.add(unit.tx,[NewDelivery(integ.id, i, f"flag/f{i%50}", 0) for i in range(start+100,start+5100)])
            st.add(unit.tx,[NewDelivery(other.id, i, f"flag/f{i%50}", 0) for i in range(start+100,start+5100)])
        log.run(ins)
    from sqlalchemy import update
    from flagkeeper.storage.statement import Write, Query
    from flagkeeper.integrations.delivery_tables import deliveries as D
    log.run(lambda u: u.tx.write(Write(update(D).where(D.c.event_id<90_000, D.c.integration_id==other.id).values(state='done'))))
    log.run(lambda u: u.tx.write(Write(update(D).where(D.c.event_id%7==0, D.c.integration_id==other.id, D.c.event_id>90_000).values(due_at=10**12, attempt=1))))
    log.run(lambda u: u.tx.write(Write(update(D).where(D.c.event_id%5==0, D.c.integration_id==integ.id, D.c.event_id>50_000, D.c.subject=='flag/f0').values(due_at=10**12, attempt=1))))
    conn = log.database.connect()
    if log.database.dialect is Dialect.POSTGRESQL:
        conn._cursor.execute("ANALYZE")
    def explain(name, query, **p):
        c = query.compiled(log.database.dialect)
        pre = "EXPLAIN QUERY PLAN " if log.database.dialect is Dialect.SQLITE else "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "
        rows,_ = conn.run(pre + c.text, {**c.constants, **p})
        dts=[]
        for _ in range(7):
            t=time.perf_counter(); log.read(lambda tx: tx.all(query, **p)); dts.append((time.perf_counter()-t)*1000)
        dt=sorted(dts)[3]
        print(f"--- {name} {dt:.1f} ms"); 
        for r in rows: print("   ", r[-1])
    known=list(range(100,300))
    for i,o in ((integ.id,'ordered'),(other.id,'unordered')):
        f,a = (d._FRESH_ORDERED,d._AGAIN_ORDERED) if o=='ordered' else (d._FRESH,d._AGAIN)
        explain('fresh '+o, f, integration=i, known=known, room=300)
        explain('again '+o, a, integration=i, known=known, room=300, now=10**13)
        explain('next '+o, d._NEXT_DUE, integration=i, now=5)
    explain('waiting', q._WAITING); explain('dead', q._DEAD)
    explain('page', q._PAGES[None], integration=integ.id, limit=50, offset=0)
    explain('page dead', q._PAGES[q.DeliveryState.DEAD], integration=integ.id, limit=50, offset=0)
    explain('attempts', q._ATTEMPTS, integration=integ.id, limit=50, offset=0)
    from flagkeeper.integrations.sender.receiver import _NEWEST_CHANGE,_TYPES
    explain('version', _NEWEST_CHANGE, types=_TYPES)
    conn.close()
