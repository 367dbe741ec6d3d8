using System.Threading.Channels;
using LlmProxy.Configuration;

namespace LlmProxy.Limits;

/// <summary>Takes alerts from calls that must not wait, says each in the log, and has it posted where the operator asked for it.</summary>
internal sealed class AlertDesk(SnapshotHolder snapshots, AlertPost post, ILogger<AlertDesk> logger) : BackgroundService
{
    private const int Most = 1024;

    private readonly Channel<Alert> _alerts = Channel.CreateBounded<Alert>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Channel<Alert> _letters = Channel.CreateBounded<Alert>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Never waits. Beyond a thousand that nobody has read yet the next is dropped.</summary>
    public void Raise(Alert alert) => _alerts.Writer.TryWrite(alert);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(SayAsync(stoppingToken), PostAsync(stoppingToken));

    private async Task SayAsync(CancellationToken stop)
    {
        await foreach (Alert alert in _alerts.Reader.ReadAllAsync(stop))
        {
            Say(alert);
            if (Address.Length > 0)
            {
                _letters.Writer.TryWrite(alert);
            }
        }
    }

    private async Task PostAsync(CancellationToken stop)
    {
        await foreach (Alert alert in _letters.Reader.ReadAllAsync(stop))
        {
            if (Uri.TryCreate(Address, UriKind.Absolute, out Uri? address))
            {
                await post.SendAsync(alert, address, stop);
            }
        }
    }

    private string Address => snapshots.IsReady ? snapshots.Current.Options.Alerts.WebhookUrl : "";

    private void Say(Alert alert)
    {
        if (!alert.IsBudget)
        {
            logger.UnusualSpend(alert.Text);
        }
        else if (alert.Percent >= 100)
        {
            logger.BudgetSpent(alert.Text);
        }
        else
        {
            logger.BudgetPassed(alert.Text);
        }
    }
}
