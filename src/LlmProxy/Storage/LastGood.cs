using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmProxy.Storage;

/// <summary>What the database said last, in a small file: a start without the database goes on from there.</summary>
internal sealed class LastGood(string directory, ILogger logger)
{
    private readonly string _path = Path.Combine(directory, "settings.json");
    private bool _failed;

    /// <summary>Nothing where there is no file, or only one of another database.</summary>
    public IReadOnlyList<StoredSetting> Read(DatabaseTarget target)
    {
        try
        {
            if (!File.Exists(_path))
            {
                return [];
            }

            LastGoodFile? file = JsonSerializer.Deserialize(File.ReadAllBytes(_path), StorageJson.Default.LastGoodFile);
            return file is not null && file.Database == target.Label ? file.Settings : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            logger.LastGoodNotRead(_path, e.Message);
            return [];
        }
    }

    /// <summary>In one step: a reader sees the old file or the new one. A disk that takes nothing is said once and harms nobody.</summary>
    public void Write(DatabaseTarget target, IEnumerable<StoredSetting> settings)
    {
        string draft = $"{_path}.{Environment.ProcessId}.new";
        try
        {
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(new LastGoodFile(target.Label, [.. settings]), StorageJson.Default.LastGoodFile));
            File.Move(draft, _path, overwrite: true);
            _failed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failed)
            {
                logger.LastGoodNotWritten(_path, e.Message);
            }

            _failed = true;
        }
    }
}

internal sealed record LastGoodFile(string Database, IReadOnlyList<StoredSetting> Settings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(LastGoodFile))]
internal sealed partial class StorageJson : JsonSerializerContext;
