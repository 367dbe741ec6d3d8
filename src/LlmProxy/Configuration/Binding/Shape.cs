using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Configuration.Binding;

internal enum ShapeKind
{
    Scalar,
    Object,
    List,
    Map,

    /// <summary>A bare list of names or an object.</summary>
    Chain,

    /// <summary>The vendor's own fields, kept as JSON.</summary>
    Json,

    /// <summary>Credentials, whose references are followed by rules of their own.</summary>
    Auth,
}

/// <summary>What an options type looks like, found once by reflection.</summary>
internal sealed class Shape
{
    private static readonly ConcurrentDictionary<Type, Shape> Known = new();

    private Shape(Type type, ShapeKind kind)
    {
        Type = type;
        Kind = kind;
    }

    public static Shape Gateway { get; } = For(typeof(GatewayOptions));

    public Type Type { get; }

    public ShapeKind Kind { get; }

    /// <summary>Of an object or a chain.</summary>
    public Dictionary<string, ShapeMember> Members { get; private init; } = [];

    /// <summary>Of a list or a map.</summary>
    public Shape? Element { get; private init; }

    /// <summary>A list whose elements are told apart by name.</summary>
    public bool MergesByName => Kind == ShapeKind.List && Element!.Members.ContainsKey("Name");

    public static Shape For(Type type) => Known.TryGetValue(type, out Shape? shape) ? shape : Known.GetOrAdd(type, Make(type));

    private static Shape Make(Type type)
    {
        if (type == typeof(JsonObject) || type == typeof(AuthSettings))
        {
            return new Shape(type, type == typeof(JsonObject) ? ShapeKind.Json : ShapeKind.Auth);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
        {
            return new Shape(type, ShapeKind.List) { Element = For(type.GetGenericArguments()[0]) };
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>))
        {
            return new Shape(type, ShapeKind.Map) { Element = For(type.GetGenericArguments()[1]) };
        }

        bool isObject = type.IsClass && type.Namespace == typeof(GatewayOptions).Namespace && type != typeof(Secret);
        if (!isObject)
        {
            return new Shape(type, ShapeKind.Scalar);
        }

        return new Shape(type, type == typeof(ChainOptions) ? ShapeKind.Chain : ShapeKind.Object)
        {
            Members = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.CanWrite)
                .Select(property => new ShapeMember(property))
                .ToDictionary(member => member.Name, StringComparer.OrdinalIgnoreCase),
        };
    }
}

/// <summary>One property of an options type with what its attributes ask for.</summary>
internal sealed class ShapeMember
{
    private readonly FieldInfo _field;

    public ShapeMember(PropertyInfo property)
    {
        Name = property.Name;
        // The field behind it: a setter called by reflection compiles a stub for every property, and a start waits for it.
        _field = property.DeclaringType!.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? throw new InvalidOperationException($"{property.DeclaringType.Name}.{property.Name} must be a plain property.");
        Shape = Shape.For(property.PropertyType);
        foreach (Attribute attribute in property.GetCustomAttributes())
        {
            switch (attribute)
            {
                case RequiredAttribute:
                    IsRequired = true;
                    break;
                case RangeAttribute range:
                    Least = Convert.ToDouble(range.Minimum, System.Globalization.CultureInfo.InvariantCulture);
                    Most = Convert.ToDouble(range.Maximum, System.Globalization.CultureInfo.InvariantCulture);
                    break;
                case MinLengthAttribute length:
                    LeastLength = length.Length;
                    break;
                default:
                    break;
            }
        }
    }

    public string Name { get; }

    public Shape Shape { get; }

    public bool IsRequired { get; }

    public int LeastLength { get; }

    public double Least { get; } = double.NegativeInfinity;

    public double Most { get; } = double.PositiveInfinity;

    public object? Get(object target) => _field.GetValue(target);

    public void Set(object target, object? value) => _field.SetValue(target, value);
}
