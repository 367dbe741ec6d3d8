using System.Text.Json;
using System.Text.Json.Serialization;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Limits;

/// <summary>What budgets have spent, in a small file: a start without the database goes on from there.</summary>
internal sealed class SpendFile(string directory, ILogger logger)
{
    private readonly string _path = Path.Combine(directory, "spend.json");
    private byte[]? _written;
    private bool _failed;

    /// <summary>Nothing where there is no file that can be read.</summary>
    public IReadOnlyList<KeptSpend> Read()
    {
        try
        {
            if (!File.Exists(_path))
            {
                return [];
            }

            IReadOnlyList<KeptSpend>? budgets = JsonSerializer.Deserialize(File.ReadAllBytes(_path), SpendJson.Default.SpendFileContent)?.Budgets;
            return budgets is null ? [] : [.. budgets.Where(kept => kept is { Name: not null, Start.Year: > 1900 and < 9000 })];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            logger.SpendFileNotRead(_path, e.Message);
            return [];
        }
    }

    /// <summary>In one step, and only what has changed. A disk that takes nothing is said once and harms nobody.</summary>
    public void Write(IReadOnlyList<KeptSpend> budgets)
    {
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(new SpendFileContent(budgets), SpendJson.Default.SpendFileContent);
        if (_written is not null && content.AsSpan().SequenceEqual(_written))
        {
            return;
        }

        string draft = $"{_path}.{Environment.ProcessId}.new";
        try
        {
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(draft, content);
            File.Move(draft, _path, overwrite: true);
            (_written, _failed) = (content, false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failed)
            {
                logger.SpendNotKept(_path, e.Message);
            }

            _failed = true;
        }
    }
}

/// <summary>One budget's account in one period, and the thresholds that were told of.</summary>
internal sealed record KeptSpend(BudgetOwner Owner, string Name, BudgetPeriod Period, DateTimeOffset Start, long Units, long Tokens, int ToldUnits, int ToldTokens);

internal sealed record SpendFileContent(IReadOnlyList<KeptSpend> Budgets);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(SpendFileContent))]
internal sealed partial class SpendJson : JsonSerializerContext;
