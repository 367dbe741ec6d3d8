using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Limits;

public sealed class SpendFileTests : IDisposable
{
    private static readonly KeptSpend Kept = new(
        BudgetOwner.Workspace, "team \"ä\"", BudgetPeriod.Week, new DateTimeOffset(2026, 2, 23, 0, 0, 0, TimeSpan.Zero), long.MaxValue, 12, ToldUnits: 80, ToldTokens: 0);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_Written_IsReadAsItWas()
    {
        NewFile().Write([Kept]);

        Assert.Equal([Kept], NewFile().Read());
        Assert.Single(Directory.GetFiles(_folder.Path)); // No draft is left beside it.
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"budgets\": [{")]
    [InlineData("{\"budgets\": null}")]
    [InlineData("{\"budgets\": [null, {\"owner\": \"key\"}, {\"owner\": \"key\", \"name\": \"ci\", \"period\": \"week\"}]}")]
    [InlineData("{\"budgets\": [{\"owner\": \"nobody\"}]}")]
    public void File_ThatSaysNothingUsable_IsNone(string text)
    {
        File.WriteAllText(_folder.File("spend.json"), text);

        Assert.Empty(NewFile().Read());
    }

    [Fact]
    public void File_WhereNothingCanBeWritten_HarmsNobody()
    {
        File.WriteAllText(_folder.File("taken"), "a file where the directory should be");
        var file = new SpendFile(_folder.File("taken"), NullLogger.Instance);

        file.Write([Kept]);

        Assert.Empty(file.Read());
    }

    private SpendFile NewFile() => new(_folder.Path, NullLogger.Instance);
}
