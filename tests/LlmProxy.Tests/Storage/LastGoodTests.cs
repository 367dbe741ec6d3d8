using LlmProxy.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Storage;

public sealed class LastGoodTests : IDisposable
{
    private static readonly StoredSetting Llama = new(StoredSetting.Default, """{"llm":"llama"}""", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), "admin key");

    private readonly TemporaryFolder _folder = new();
    private readonly DatabaseTarget _target = DatabaseTarget.Parse("postgresql://gate:secret-secret@db/llm", "/");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_OfWhatWasWritten_IsTheSame()
    {
        Open().Write(_target, [Llama]);

        Assert.Equal([Llama], Open().Read(_target));
        Assert.Equal(["settings.json"], Directory.GetFiles(_folder.File("last-good")).Select(Path.GetFileName));
        Assert.DoesNotContain("secret", File.ReadAllText(Path.Combine(_folder.File("last-good"), "settings.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ForAnotherDatabase_IsNothing()
    {
        Open().Write(_target, [Llama]);

        Assert.Empty(Open().Read(DatabaseTarget.Parse("postgresql://gate@db/other", "/")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ half")]
    [InlineData("null")]
    public void Read_OfADamagedFile_IsNothing(string content)
    {
        Directory.CreateDirectory(_folder.File("last-good"));
        File.WriteAllText(Path.Combine(_folder.File("last-good"), "settings.json"), content);

        Assert.Empty(Open().Read(_target));
    }

    [Fact]
    public void Write_WhereNothingCanBe_HarmsNobody()
    {
        File.WriteAllText(_folder.File("last-good"), "a file where the directory should be");

        Open().Write(_target, [Llama]);

        Assert.Empty(Open().Read(_target));
    }

    private LastGood Open() => new(_folder.File("last-good"), NullLogger.Instance);
}
