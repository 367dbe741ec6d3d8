using System.Data;
using System.Globalization;
using Dapper;

namespace LlmProxy.Storage;

/// <summary>Moments as both databases keep them: PostgreSQL as timestamptz, SQLite as text that sorts by time.</summary>
internal sealed class UtcMoments : SqlMapper.TypeHandler<DateTimeOffset>
{
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

    public override DateTimeOffset Parse(object value) => value switch
    {
        DateTime moment => new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)),
        string text => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
        _ => (DateTimeOffset)value,
    };
}
