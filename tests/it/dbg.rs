use crate::support::account::spine;
use hikkoshi::reach::*;
#[test]
fn dbg_nodes() {
    let inv = spine().inventory();
    let f = Fabric::new(inv.resources.values());
    for (k, v) in inv.resources.iter().filter(|(k,_)| k.as_str().contains("billing")) { println!("{k} {:?} {:?}", v.facets, facts(v)); }
    println!("{:?}", f.nodes(&"function:billing".into()));
    for a in f.nodes(&"function:billing".into()) { for b in f.nodes(&"db:pg-multi".into()) {
        println!("{a} {b} {:?}", ask(&f, &Question{from: Side::Node(a.clone()), to: Side::Node(b.clone()), protocol: hikkoshi::model::network::Protocol::Tcp, port: 5432, by: By::Private}));
    }}
}
