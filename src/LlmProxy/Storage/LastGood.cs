using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmProxy.Access;
using LlmProxy.Storage.Access;

namespace LlmProxy.Storage;

/// <summary>What the database said last, in small files: a start without the database goes on from there.</summary>
internal sealed class LastGood(string directory, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly string _settings = Path.Combine(directory, "settings.json");
    private readonly string _keys = Path.Combine(directory, "keys.json");
    private bool _failed;

    /// <summary>Nothing where there is no file, or only one of another database.</summary>
    public IReadOnlyList<StoredSetting> Read(DatabaseTarget target) =>
        Read(_settings, StorageJson.Default.LastGoodFile) is { } file && file.Database == target.Label ? file.Settings : [];

    /// <summary>Null where there is no file, or only one of another database.</summary>
    public StoredAccess? ReadAccess(DatabaseTarget target)
    {
        try
        {
            return Read(_keys, AccessJson.Default.AccessFile) is { } file && file.Database == target.Label ? file.ToAccess() : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException or JsonException or NullReferenceException)
        {
            logger.LastGoodNotRead(_keys, e.Message);
            return null;
        }
    }

    public void Write(DatabaseTarget target, IEnumerable<StoredSetting> settings) =>
        Write(_settings, () => JsonSerializer.SerializeToUtf8Bytes(new LastGoodFile(target.Label, [.. settings]), StorageJson.Default.LastGoodFile));

    /// <param name="target">Whose words they are.</param>
    /// <param name="access">Asked when the file's turn has come: whoever writes last writes the newest.</param>
    public void Write(DatabaseTarget target, Func<StoredAccess> access) =>
        Write(_keys, () => JsonSerializer.SerializeToUtf8Bytes(AccessFile.Of(target, access()), AccessJson.Default.AccessFile));

    private T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), type) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            logger.LastGoodNotRead(path, e.Message);
            return null;
        }
    }

    /// <summary>In one step: a reader sees the old file or the new one. A disk that takes nothing is said once and harms nobody.</summary>
    private void Write(string path, Func<byte[]> content)
    {
        string draft = $"{path}.{Environment.ProcessId}.new";
        lock (_gate)
        {
            try
            {
                Directory.CreateDirectory(directory);
                WriteForOwner(draft, content());
                File.Move(draft, path, overwrite: true);
                _failed = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!_failed)
                {
                    logger.LastGoodNotWritten(path, e.Message);
                }

                _failed = true;
            }
        }
    }

    /// <summary>Hashes are of no use to thieves, and still nobody else's business.</summary>
    private static void WriteForOwner(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
    }
}

internal sealed record LastGoodFile(string Database, IReadOnlyList<StoredSetting> Settings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(LastGoodFile))]
internal sealed partial class StorageJson : JsonSerializerContext;
