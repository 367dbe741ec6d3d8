using LlmProxy.Accounting.Journal;
using LlmProxy.Telemetry;

namespace LlmProxy.Accounting.Ledger;

/// <summary>What the books themselves have to report; read only when somebody collects.</summary>
internal sealed class LedgerGauges(GatewayMetrics metrics)
{
    public void Watch(CallJournal journal, RejectedRows rejected)
    {
        metrics.Meter.CreateObservableGauge("llm_ledger_pending", () => journal.Pending, description: "Rows of ended calls that the database does not hold yet.");
        metrics.Meter.CreateObservableCounter("llm_ledger_dropped_total", () => journal.Dropped, description: "Calls that were not written down because the journal was full.");
        metrics.Meter.CreateObservableCounter("llm_ledger_rejected_total", () => rejected.Count, description: "Rows that the database will not take; they are in rejected.jsonl.");
    }
}
