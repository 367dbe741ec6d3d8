using System.Text.Json.Nodes;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Tests.Storage;

namespace LlmProxy.Tests.Accounting.Ledger;

public sealed class RejectedRowsTests
{
    [Fact]
    public async Task Rows_OfProcessesThatRejectAtOnce_AreAllKept()
    {
        using var folder = new TemporaryFolder();
        RejectedRows[] all = [.. Enumerable.Range(0, 4).Select(_ => new RejectedRows(folder.Path))];

        await Task.WhenAll(all.Select((rows, process) => Task.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                while (!TryAdd(rows, $"{process}-{i}"))
                {
                    Thread.Yield();
                }
            }
        })));

        List<string> kept = [.. File.ReadLines(all[0].Path).Select(line => JsonNode.Parse(line)!["row"]!["id"]!.ToString())];
        Assert.Equal(400, kept.Count);
        Assert.Equal(400, kept.Distinct().Count());
        Assert.All(all, rows => Assert.Equal(100, rows.Count));
    }

    /// <summary>False: another one writes now.</summary>
    private static bool TryAdd(RejectedRows rows, string id)
    {
        try
        {
            return rows.Add(new StoredCall { Id = id }, "no such user");
        }
        catch (IOException)
        {
            return false;
        }
    }
}
