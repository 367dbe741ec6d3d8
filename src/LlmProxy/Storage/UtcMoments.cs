using System.Data;
using System.Globalization;
using Dapper;

namespace LlmProxy.Storage;

/// <summary>Moments as both databases keep them: PostgreSQL as timestamptz, SQLite as text that sorts by time.</summary>
internal sealed class UtcMoments : SqlMapper.TypeHandler<DateTimeOffset>
{
    public const int TextBytes = 27;

    private static int _installed;

    /// <summary>Dapper has one set of handlers per process.</summary>
    public static void Install()
    {
        if (Interlocked.Exchange(ref _installed, 1) == 0)
        {
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
            SqlMapper.AddTypeHandler(new UtcMoments());
        }
    }

    public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = parameter is Npgsql.NpgsqlParameter
        ? value.UtcDateTime
        : Text(value);

    /// <summary>As SQLite keeps it.</summary>
    public static string Text(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The same text as bytes, written in the fast way.</summary>
    public static void Write(long utcTicks, Span<byte> text)
    {
        Span<byte> precise = stackalloc byte[TextBytes + 1];
        _ = new DateTime(utcTicks, DateTimeKind.Utc).TryFormat(precise, out _, "O", CultureInfo.InvariantCulture);
        precise[10] = (byte)' ';
        precise[TextBytes - 1] = (byte)'Z'; // In place of the tenths of microseconds.
        precise[..TextBytes].CopyTo(text);
    }

    public override DateTimeOffset Parse(object value) => value switch
    {
        DateTime moment => new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)),
        string text => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
        _ => (DateTimeOffset)value,
    };
}
